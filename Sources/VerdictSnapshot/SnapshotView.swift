public import VerdictModel

/// A validated snapshot, ready to be read: the only thing that the engine accepts.
///
/// It is two words and refers to bytes that somebody else keeps mapped; it must not outlive them.
/// Validation has checked every offset, count and index once; reads of records are still bounded by
/// preconditions, which validated bytes never trip. Slots of key tables and the words of scopes are
/// read by what validation has seen.
@safe
public struct SnapshotView {
  @usableFromInline let base: UnsafeRawPointer
  @usableFromInline let bytes: ByteView

  /// For the validator and for values that were validated before.
  @inlinable
  init(trusting bytes: ByteView) {
    // SAFETY: never nil, by `ByteView`; the caller keeps the bytes alive.
    unsafe base = bytes.buffer.baseAddress.unsafelyUnwrapped
    self.bytes = bytes
  }

  /// Length of the snapshot in bytes.
  public var byteCount: Int { bytes.count }

  // MARK: Sections

  /// A word of the header or the section table.
  ///
  /// SAFETY: validation looks at the length before anything else, so that header and section
  /// table are there; callers pass offsets inside them.
  @inlinable @inline(__always)
  func header64(_ offset: Int) -> UInt64 {
    unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inlinable @inline(__always)
  func entry(_ kind: SectionKind) -> Int {
    SnapshotFormat.headerByteCount &+ Int(kind.rawValue) &* SnapshotFormat.sectionEntryByteCount
  }

  /// Where the section begins.
  @inlinable @inline(__always)
  public func offset(of kind: SectionKind) -> Int {
    Int(truncatingIfNeeded: header64(entry(kind) &+ 8))
  }

  /// How many records the section has (bytes, for key tables and texts).
  @inlinable @inline(__always)
  public func count(of kind: SectionKind) -> Int {
    Int(truncatingIfNeeded: header64(entry(kind)) >> 32)
  }

  /// The section's bytes.
  @inlinable @inline(__always)
  public func section(_ kind: SectionKind) -> ByteView {
    let offset = offset(of: kind)
    return bytes[offset..<offset &+ Int(truncatingIfNeeded: header64(entry(kind) &+ 16))]
  }

  @inlinable @inline(__always)
  public func table(_ kind: SectionKind) -> KeyTable {
    // SAFETY: validation has checked the section, or is about to.
    unsafe KeyTable(trusting: base + offset(of: kind))
  }

  // MARK: Records

  // SAFETY of the loads: the index is checked here; that all records of a section lie inside the
  // snapshot was checked by validation; `field` lies inside a record.

  @inlinable @inline(__always)
  func load64(_ kind: SectionKind, _ index: Int, _ field: Int = 0) -> UInt64 {
    unsafe UInt64(
      littleEndian: address(kind, index).loadUnaligned(fromByteOffset: field, as: UInt64.self))
  }

  @inlinable @inline(__always)
  func load32(_ kind: SectionKind, _ index: Int, _ field: Int = 0) -> UInt32 {
    unsafe UInt32(
      littleEndian: address(kind, index).loadUnaligned(fromByteOffset: field, as: UInt32.self))
  }

  @inlinable @inline(__always)
  func load16(_ kind: SectionKind, _ index: Int) -> UInt16 {
    unsafe UInt16(
      littleEndian: address(kind, index).loadUnaligned(fromByteOffset: 0, as: UInt16.self))
  }

  @unsafe
  @inlinable @inline(__always)
  func address(_ kind: SectionKind, _ index: Int) -> UnsafeRawPointer {
    precondition(UInt(bitPattern: index) < UInt(count(of: kind)), "a record of the section")
    return unsafe base + (offset(of: kind) &+ index &* kind.stride)
  }

  // MARK: Header

  @inlinable @inline(__always)
  public var flags: UInt32 { UInt32(truncatingIfNeeded: header64(56)) }
  /// `unknown_resources: deny`.
  @inlinable
  public var deniesUnknownResources: Bool { flags & SnapshotFlag.denyUnknownResources != 0 }
  /// Everyone with access sees personal data, because the plan can't restrict it.
  @inlinable
  public var isPIIOpen: Bool { flags & SnapshotFlag.piiOpen != 0 }
  @inlinable @inline(__always)
  public var cellCount: Int { Int(truncatingIfNeeded: header64(56) >> 32) }

  // MARK: Texts

  /// The text whose reference is a field of a record.
  @inlinable
  func text(_ kind: SectionKind, _ index: Int, _ field: Int = 0) -> ByteView {
    let reference = load64(kind, index, field)
    let start = offset(of: .texts) &+ Int(reference & 0xffff_ffff)
    return bytes[start..<start &+ Int(reference >> 32)]
  }

  public var modelID: ByteView { text(.identity, 0) }
  @inlinable
  public var organizationID: ByteView { text(.identity, 1) }
  public var planID: ByteView { text(.identity, 2) }
}

/// The references of section `identity`, in order.
public enum Identity {
  public static let count = 3
}
