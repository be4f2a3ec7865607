public import VerdictModel
public import VerdictSnapshot

/// The organizations that are served at one moment: what a request is answered from.
///
/// One block of raw memory, so that the data plane reads it without reference counting. It is
/// built by the control plane, published as a pointer, and freed when no reader is left.
@safe
public struct SnapshotSet {
  /// One organization's snapshot.
  public struct Organization {
    public let view: SnapshotView
    /// SHA-256 of the snapshot's bytes.
    public let digest: (UInt64, UInt64, UInt64, UInt64)
    public let generation: UInt64
    /// Seconds since 1970-01-01 UTC at which the set was made.
    public let createdSeconds: Int64

    public init(
      view: SnapshotView, digest: [UInt8], generation: UInt64, createdSeconds: Int64
    ) {
      precondition(digest.count == 32, "a SHA-256 digest has 32 bytes")
      self.view = view
      self.digest = digest.withByteView {
        ($0.load64(at: 0), $0.load64(at: 8), $0.load64(at: 16), $0.load64(at: 24))
      }
      self.generation = generation
      self.createdSeconds = createdSeconds
    }
  }

  struct Header {
    var count: Int
    var number: UInt64
    var tableByteCount: Int
    var isClosed: Bool
    var routes: ByteView
  }

  private let base: UnsafeMutableRawPointer

  private static var entriesOffset: Int { 64 }

  /// The set whose address was published, or nil for zero.
  ///
  /// - Precondition: `bits` came from `bits` of a set that is not freed yet.
  @unsafe
  public init?(bits: UInt) {
    guard let base = unsafe UnsafeMutableRawPointer(bitPattern: bits) else { return nil }
    unsafe self.base = base
  }

  /// Builds a set. The views, and the bytes of `routes`, must stay valid until it is freed.
  ///
  /// - Parameter isClosed: the set is too old to decide by.
  /// - Precondition: each organization occurs once.
  public init(
    number: UInt64, isClosed: Bool = false, _ organizations: [Organization],
    routes: ByteView = ByteView()
  ) {
    var names = KeyTableBuilder()
    for (index, organization) in organizations.enumerated() {
      names.add(tag: 0, organization.view.organizationID, value: UInt32(index))
    }
    let table = names.build().section
    let tableOffset =
      SnapshotSet.entriesOffset + organizations.count * MemoryLayout<Organization>.stride
    // SAFETY: the block has room for header, entries and table, each written below.
    unsafe base = UnsafeMutableRawPointer.allocate(
      byteCount: tableOffset + table.count, alignment: 64)
    unsafe base.initializeMemory(
      as: Header.self,
      to: Header(
        count: organizations.count, number: number, tableByteCount: table.count,
        isClosed: isClosed, routes: routes))
    for (index, organization) in organizations.enumerated() {
      unsafe (base + SnapshotSet.entriesOffset + index * MemoryLayout<Organization>.stride)
        .initializeMemory(as: Organization.self, to: organization)
    }
    unsafe table.withUnsafeBytes {
      unsafe (base + tableOffset).copyMemory(
        from: $0.baseAddress.unsafelyUnwrapped, byteCount: $0.count)
    }
  }

  /// The address to publish.
  public var bits: UInt { unsafe UInt(bitPattern: base) }

  /// Gives the memory back. The set and its copies may not be used any more.
  @unsafe
  public func free() { unsafe base.deallocate() }

  private var header: Header {
    // SAFETY: written by the initialiser.
    unsafe base.load(as: Header.self)
  }

  public var count: Int { header.count }

  /// Whether the set is too old to decide by: every answer is `stale`.
  public var isClosed: Bool { header.isClosed }

  /// Number of the set in its control directory, or of the compile.
  public var number: UInt64 { header.number }

  /// Route tables for gateways, validated; empty where there are none.
  public var routes: ByteView { header.routes }

  public subscript(index: Int) -> Organization {
    precondition(index >= 0 && index < count, "an organization of the set")
    // SAFETY: the index was just checked, and the entry was written by the initialiser.
    return unsafe base.load(
      fromByteOffset: SnapshotSet.entriesOffset + index * MemoryLayout<Organization>.stride,
      as: Organization.self)
  }

  /// The place of an organization: by its name; without a name the only one. -1: none.
  public func find(_ name: ByteView) -> Int {
    if name.isEmpty { return count == 1 ? 0 : -1 }
    let offset = SnapshotSet.entriesOffset + count * MemoryLayout<Organization>.stride
    // SAFETY: the table was written behind the entries and is as long as the header says.
    let table = KeyTable(
      trusting: unsafe ByteView(base: base + offset, count: header.tableByteCount))
    let slot = table.find(tag: 0, name)
    return slot.isFound ? Int(slot.value) : -1
  }
}
