internal import VerdictCrypto
internal import VerdictModel

/// Puts sections together to the bytes of a snapshot.
public struct SnapshotWriter {
  var sections: [[UInt8]] = Array(repeating: [], count: SectionKind.allCases.count)
  public var flags: UInt32 = 0
  public var cellCount: Int = 0

  public init() {}

  /// The bytes of a section, changed in place.
  public subscript(kind: SectionKind) -> [UInt8] {
    get { sections[Int(kind.rawValue)] }
    _modify { yield &sections[Int(kind.rawValue)] }
  }

  /// Adds a text to section `texts` and returns its reference, 8 bytes.
  public mutating func reference(_ text: String) -> UInt64 {
    let offset = self[.texts].count
    self[.texts].append(contentsOf: text.utf8)
    return UInt64(offset) | UInt64(self[.texts].count - offset) << 32
  }

  /// The finished file: header, section table, sections, digest.
  ///
  /// - Precondition: each section is a multiple of its record's size.
  public func finish() -> [UInt8] {
    var offset = SnapshotFormat.headerByteCount
    offset += SectionKind.allCases.count * SnapshotFormat.sectionEntryByteCount
    var offsets: [Int] = []
    for section in sections {
      offset = SnapshotWriter.aligned(offset)
      offsets.append(offset)
      offset += section.count
    }
    let byteCount = SnapshotWriter.aligned(offset)

    var bytes = [UInt8](repeating: 0, count: byteCount)
    bytes.store(SnapshotFormat.magic, at: 0)
    bytes.store(SnapshotFormat.version, at: 40)
    bytes.store(UInt32(sections.count), at: 44)
    bytes.store(UInt64(byteCount), at: 48)
    bytes.store(flags, at: 56)
    bytes.store(UInt32(cellCount), at: 60)
    for (index, kind) in SectionKind.allCases.enumerated() {
      let section = sections[index]
      precondition(section.count % kind.stride == 0, "a section of whole records")
      let entry = SnapshotFormat.headerByteCount + index * SnapshotFormat.sectionEntryByteCount
      bytes.store(kind.rawValue, at: entry)
      bytes.store(UInt32(section.count / kind.stride), at: entry + 4)
      bytes.store(UInt64(offsets[index]), at: entry + 8)
      bytes.store(UInt64(section.count), at: entry + 16)
      bytes.replaceSubrange(offsets[index]..<offsets[index] + section.count, with: section)
    }
    SnapshotWriter.seal(&bytes)
    return bytes
  }

  /// Writes the digest of the content into the header.
  public static func seal(_ bytes: inout [UInt8]) {
    let digest = bytes.withByteView { view in
      SHA256Digest(of: view[SnapshotFormat.digestedOffset..<view.count])
    }
    bytes.replaceSubrange(8..<40, with: digest.bytes)
  }

  static func aligned(_ offset: Int) -> Int {
    (offset + SnapshotFormat.sectionAlignment - 1) & ~(SnapshotFormat.sectionAlignment - 1)
  }
}
