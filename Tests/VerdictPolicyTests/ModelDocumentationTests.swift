import Foundation
import Testing

@testable import VerdictPolicy

@Suite("docs/models.md")
struct ModelDocumentationTests {
  @Test("names every key of access models")
  func keys() throws {
    let path = Repository.path("docs/models.md")
    let text = String(decoding: try Files.read(path), as: UTF8.self)
    let keys =
      ModelReader.topLevelKeys + [
        .display, .plural, .types, .narrowable, .name, .from, .to, .single, .throughConnections,
        .features, .limits, .resource, .symmetric, .adminOnly, .reads, .pii, .sameAs, .cases,
        .pairs, .target, .optional, .linkedBy, .whenLinked, .requires, .anyOf, .who,
        .organizationTokens, .plan, .atLimit, .noneOf, .without, .administers, .scope, .grants,
        .onlyWithAll, .key, .type, .permissions,
      ]
    for key in keys { #expect(text.contains(key.name)) }
  }
}
