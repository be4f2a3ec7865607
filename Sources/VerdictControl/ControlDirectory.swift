/// A directory through which policies reach the server: an OCI image layout.
///
/// | File | Holds |
/// |---|---|
/// | `oci-layout` | the layout's version |
/// | `index.json` | refs: `current` is served, `g<N>` the history, `staged` the staging area |
/// | `blobs/sha256/<digest>` | sets, manifests and snapshots, named by their content |
/// | `.publish.lock` | nothing; locked by whoever publishes |
///
/// A set is one image index with one manifest for each organization, whose layer is the snapshot.
/// Blobs never change, so a set can't be half updated: a new one becomes visible when `index.json`
/// is replaced by one rename. See docs/control-directory.md for all fields.
public struct ControlDirectory: Sendable {
  public let path: String

  public init(path: String) {
    precondition(!path.isEmpty, "a directory has a name")
    var trimmed = path[...]
    while trimmed.count > 1, trimmed.last == "/" { trimmed = trimmed.dropLast() }
    self.path = String(trimmed)
  }

  /// Seconds since 1970 of a time as annotations have it, like `2026-01-31T12:00:00Z`.
  public static func seconds(ofTime text: String) -> Int64? {
    LayoutDocument.seconds(ofTimestamp: text)
  }

  /// The other way round.
  public static func time(ofSeconds seconds: Int64) -> String { LayoutDocument.timestamp(seconds) }
}
