import Testing
import VerdictModel

@testable import VerdictPolicy

@Suite("the JSON Schema of documents")
struct PolicySchemaTests {
  @Test("docs/policy.schema.json is what the parser's tables give; otherwise run: make schema")
  func shipped() throws {
    let current = PolicySchema(Sample.models.models).json.paragraph
    #expect(try Files.read(Repository.path("docs/policy.schema.json")) == current)
  }

  @Test("every word of a model is in its schema, and none of another model's")
  func words() throws {
    let models = Sample.models.models
    for (index, model) in models.enumerated() {
      let text = PolicySchema([model]).json.line
      for name in model.resourceTypes.map(\.name) + model.permissions.map(\.name)
        + model.plans.map(\.name) + model.roles.map(\.name)
      where model.access == .policies || model.permissionIndex(name) == nil {
        #expect(text.contains("\"\(name)\""), "\(model.id): \(name)")
      }
      #expect(!text.contains("\"\(models[1 - index].id)\""))
    }
  }

  @Test("a paragraph is the same value as a line")
  func paragraph() {
    let value = PolicySchema(Sample.models.models).json
    let paragraph = String(decoding: value.paragraph, as: UTF8.self)
    #expect(paragraph.filter { $0 != "\n" && $0 != " " } == value.line.filter { $0 != " " })
    #expect(paragraph.split(separator: "\n").allSatisfy { $0.count <= 200 })
    #expect(JSONValue.list([]).paragraph == Array("[]\n".utf8))
  }
}
