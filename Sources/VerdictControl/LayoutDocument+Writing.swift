/// Equal values give equal bytes, and so equal digests: fields in the order of the OCI
/// specification, annotations in byte order of their keys, no spaces, and strings as Go's
/// `encoding/json` spells them, in which the registries' tools are written.
extension LayoutDocument {
  static func bytes(of index: ImageIndex) -> [UInt8] {
    let text = object([
      ("schemaVersion", "2"), ("mediaType", string(ImageLayout.indexType)),
      ("manifests", array(index.manifests)), ("annotations", object(index.annotations)),
    ])
    return Array(text.utf8)
  }

  static func bytes(of manifest: ImageManifest) -> [UInt8] {
    let text = object([
      ("schemaVersion", "2"), ("mediaType", string(ImageLayout.manifestType)),
      ("artifactType", string(manifest.artifactType ?? ImageLayout.organizationType)),
      ("config", object(manifest.config)), ("layers", array(manifest.layers)),
      ("annotations", object(manifest.annotations)),
    ])
    return Array(text.utf8)
  }

  private static func object(_ descriptor: Descriptor) -> String {
    object([
      ("mediaType", string(descriptor.mediaType)), ("digest", string(descriptor.digest)),
      ("size", String(descriptor.size)), ("annotations", object(descriptor.annotations)),
      (
        "platform",
        descriptor.platform.map {
          object([("architecture", string($0.architecture)), ("os", string($0.os))])
        }
      ),
    ])
  }

  private static func object(_ annotations: [String: String]?) -> String? {
    let sorted = (annotations ?? [:]).sorted {
      $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
    }
    return sorted.isEmpty ? nil : object(sorted.map { ($0.key, string($0.value)) })
  }

  /// An object of the fields that have a value.
  private static func object(_ fields: [(name: String, value: String?)]) -> String {
    let written = fields.compactMap { field in
      field.value.map { "\(string(field.name)):\($0)" }
    }
    return "{\(written.joined(separator: ","))}"
  }

  private static func array(_ descriptors: [Descriptor]) -> String {
    "[\(descriptors.map { object($0) }.joined(separator: ","))]"
  }

  /// A string with its quotes.
  static func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "<", ">", "&", "\u{2028}", "\u{2029}", "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
