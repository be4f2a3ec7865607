import Testing
import VerdictModel

@testable import VerdictPolicy

@Suite("models as text")
struct ModelTextTests {
  static var models: [AccessModel] {
    get throws {
      let library = Repository.path("Tests/Library/models/library.yaml")
      return try AccessModels.shipped().models + [try AccessModels.model(file: library)]
    }
  }

  @Test("a model written as JSON is read back equal")
  func roundTrip() throws {
    for model in try Self.models {
      let read = try AccessModels.read(model.json.bytes, path: "\(model.id).json")
      #expect(read == model)
    }
  }

  @Test("every type, permission, action, plan and role is shown")
  func complete() throws {
    for model in try Self.models {
      let text = ModelText(model).lines.joined(separator: "\n")
      let names =
        model.resourceTypes.map(\.name) + model.permissions.map(\.name)
        + model.actions.map(\.name) + model.plans.map(\.name) + model.roles.map(\.name)
        + model.relations.map(\.name)
      for name in names { #expect(text.contains(name), "\(model.id): \(name)") }
    }
  }

  @Test("what an action requires is told in the words of model files")
  func requirements() throws {
    let models = try Self.models
    let library = ModelText(try #require(models.last)).lines
    #expect(library.contains("    paper: read(any folders); or read(self)"))
    #expect(library.contains("    comment: read(parent paper)"))
    #expect(library.contains("    paper with paper or folder: write(self) and write(target)"))
    #expect(library.contains { $0.hasPrefix("  share ") && $0.hasSuffix("paper (all only)") })
    let rudderstack = ModelText(models[0]).lines
    #expect(rudderstack.contains("    data_catalog: edit(self) and edit(every tracking_plans)"))
    #expect(
      rudderstack.contains(
        "      where `connected_to` links the two: destination_failure_samples(target)"))
  }

  @Test("a file that is no model is refused with its places")
  func refused() {
    #expect(throws: PolicyError.self) { try AccessModels.model(file: "/nonexistent.yaml") }
    let text = "apiVersion: verdict.model/v1\nid: X\ntipes: {}\n"
    do {
      _ = try AccessModels.read(Array(text.utf8), path: "m.yaml")
      Issue.record("it was taken")
    } catch {
      #expect("\(error)".contains("m.yaml:3:1: unknown key `tipes`"))
    }
  }
}
