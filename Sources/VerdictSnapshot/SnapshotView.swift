public import VerdictModel

/// A validated snapshot, ready to be read: the only thing that the engine accepts.
///
/// It is two words and refers to bytes that somebody else keeps mapped; it must not outlive them.
/// Validation has checked every offset, count and index once; reads are still bounded by
/// preconditions, which validated bytes never trip.
public struct SnapshotView {
  @usableFromInline let bytes: ByteView

  /// For the validator and for values that were validated before.
  @inlinable
  init(trusting bytes: ByteView) { self.bytes = bytes }

  /// Length of the snapshot in bytes.
  public var byteCount: Int { bytes.count }

  // MARK: Sections

  @inlinable @inline(__always)
  func load32(_ offset: Int) -> UInt32 { bytes.load32(at: offset) }

  @inlinable @inline(__always)
  func load16(_ offset: Int) -> UInt16 { bytes.load16(at: offset) }

  @inlinable @inline(__always)
  func entry(_ kind: SectionKind) -> Int {
    SnapshotFormat.headerByteCount &+ Int(kind.rawValue) &* SnapshotFormat.sectionEntryByteCount
  }

  /// Where the section begins.
  @inlinable @inline(__always)
  public func offset(of kind: SectionKind) -> Int {
    Int(truncatingIfNeeded: bytes.load64(at: entry(kind) &+ 8))
  }

  /// How many records the section has (bytes, for key tables and texts).
  @inlinable @inline(__always)
  public func count(of kind: SectionKind) -> Int { Int(load32(entry(kind) &+ 4)) }

  /// The section's bytes.
  @inlinable
  public func section(_ kind: SectionKind) -> ByteView {
    let offset = offset(of: kind)
    return bytes[offset..<offset &+ Int(bytes.load64(at: entry(kind) &+ 16))]
  }

  @inlinable @inline(__always)
  public func table(_ kind: SectionKind) -> KeyTable { KeyTable(trusting: section(kind)) }

  // MARK: Header

  @inlinable
  public var flags: UInt32 { load32(56) }
  /// `unknown_resources: deny`.
  @inlinable
  public var deniesUnknownResources: Bool { flags & SnapshotFlag.denyUnknownResources != 0 }
  /// Everyone with access sees personal data, because the plan can't restrict it.
  @inlinable
  public var isPIIOpen: Bool { flags & SnapshotFlag.piiOpen != 0 }
  @inlinable
  public var cellCount: Int { Int(load32(60)) }

  // MARK: Texts

  /// The text whose reference stands at `offset`.
  @inlinable
  func text(referenceAt offset: Int) -> ByteView {
    let start = self.offset(of: .texts) &+ Int(load32(offset))
    return bytes[start..<start &+ Int(load32(offset &+ 4))]
  }

  public var modelID: ByteView { text(referenceAt: offset(of: .identity)) }
  @inlinable
  public var organizationID: ByteView { text(referenceAt: offset(of: .identity) + 8) }
  public var planID: ByteView { text(referenceAt: offset(of: .identity) + 16) }
}

/// The references of section `identity`, in order.
public enum Identity {
  public static let count = 3
}
