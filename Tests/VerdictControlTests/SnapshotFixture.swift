import VerdictModel
import VerdictSnapshot

/// The smallest snapshots that are valid: an organization without workspaces. They differ in a text
/// that nobody reads.
enum SnapshotFixture {
  static func bytes(
    _ organization: String, model: String = "tiny", version: Int, padding: Int = 0
  ) -> [UInt8] {
    var writer = SnapshotWriter()
    var identity: [UInt8] = []
    for text in [model, organization, "free"] {
      identity.append(contentsOf: littleEndian(writer.reference(text)))
    }
    writer[.identity] = identity
    var types: [UInt8] = []
    for text in ["thing", "thing", "things"] {
      types.append(contentsOf: littleEndian(writer.reference(text)))
    }
    writer[.types] = types
    for kind in [SectionKind.names, .workspaces, .principals, .resources, .connections, .secrets] {
      writer[kind] = KeyTableBuilder().build().section
    }
    writer[.classStarts] = [0, 0, 0, 0]
    writer[.resourceStarts] = [0, 0, 0, 0]
    writer[.displayTexts] =
      Array("version \(version)".utf8) + [UInt8](repeating: 32, count: padding)
    return writer.finish()
  }

  private static func littleEndian(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
