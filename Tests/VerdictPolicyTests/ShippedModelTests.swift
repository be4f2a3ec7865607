import Testing
import VerdictModel
import VerdictPolicy

@Suite("shipped access models")
struct ShippedModelTests {
  @Test("both models load")
  func load() throws {
    let models = try AccessModels.shipped()
    #expect(models.models.map(\.id) == ["rudderstack", "segment"])
  }

  @Test("the worked example is a valid document")
  func workedExample() throws {
    let set = try PolicySet.load(
      paths: [Repository.path("examples/acme")], models: try AccessModels.shipped())
    #expect(set.warnings.isEmpty)
  }
}
