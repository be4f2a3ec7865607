internal import VerdictCrypto
public import VerdictModel

extension SnapshotView {
  /// Checks everything once and returns the view that the engine accepts.
  ///
  /// Header, digest, every offset, count and index are checked, so that no later read can leave
  /// the bytes and no look-up can run without end, whoever wrote the file. Complexity: linear.
  ///
  /// - Precondition: the bytes stay mapped and unchanged for as long as the view is used.
  public init(validating bytes: ByteView) throws(SnapshotError) {
    self.init(trusting: bytes)
    try SnapshotValidator(view: self, bytes: bytes).validate()
  }
}

/// One pass over untrusted bytes. Each step relies on the ones before it, in the order of
/// `validate`.
struct SnapshotValidator {
  let view: SnapshotView
  let bytes: ByteView

  func validate() throws(SnapshotError) {
    try validateHeader()
    try validateSections()
    try validateModel()
    try validateRights()
    try validateTables()
    try validateLinks()
    try validateDisplayNames()
    try validateProvenance()
  }

  // MARK: Header and sections

  private func validateHeader() throws(SnapshotError) {
    let tableEnd =
      SnapshotFormat.headerByteCount
      + SectionKind.allCases.count * SnapshotFormat.sectionEntryByteCount
    guard bytes.count >= SnapshotFormat.headerByteCount,
      bytes.load64(at: 0) == SnapshotFormat.magic
    else { throw SnapshotError(.notASnapshot, "not a snapshot: the magic number is missing") }
    guard bytes.load32(at: 40) == SnapshotFormat.version else {
      throw SnapshotError(
        .unknownVersion,
        "snapshot format \(bytes.load32(at: 40)) is not known here; this build reads format "
          + "\(SnapshotFormat.version)")
    }
    guard bytes.count >= tableEnd, bytes.load64(at: 48) == UInt64(bytes.count),
      bytes.count <= SnapshotFormat.byteCountMax
    else {
      throw SnapshotError(
        .notASnapshot,
        "the snapshot says \(bytes.load64(at: 48)) bytes and has \(bytes.count): cut short or "
          + "appended to")
    }
    let digest = SHA256Digest(of: bytes[SnapshotFormat.digestedOffset..<bytes.count])
    guard digest.bytes == bytes[8..<SnapshotFormat.digestedOffset].array else {
      throw SnapshotError(.wrongDigest, "the snapshot's digest is not that of its bytes")
    }
    try require(
      Int(bytes.load32(at: 44)) == SectionKind.allCases.count, "header: the number of sections")
    try require(view.flags & ~SnapshotFlag.known == 0, "header: an unknown flag")
    for offset in stride(from: 64, to: SnapshotFormat.headerByteCount, by: 8) {
      try require(bytes.load64(at: offset) == 0, "header: the reserved bytes")
    }
  }

  private func validateSections() throws(SnapshotError) {
    var end =
      SnapshotFormat.headerByteCount
      + SectionKind.allCases.count * SnapshotFormat.sectionEntryByteCount
    for kind in SectionKind.allCases {
      let entry = view.entry(kind)
      let offset = bytes.load64(at: entry + 8)
      let byteCount = bytes.load64(at: entry + 16)
      try require(bytes.load32(at: entry) == kind.rawValue, "section \(kind): the kind")
      try require(offset == UInt64(SnapshotWriter.aligned(end)), "section \(kind): the offset")
      try require(
        offset <= UInt64(bytes.count) && byteCount <= UInt64(bytes.count) - offset,
        "section \(kind): the length")
      try require(
        UInt64(bytes.load32(at: entry + 4)) * UInt64(kind.stride) == byteCount,
        "section \(kind): the number of records")
      end = Int(offset + byteCount)
    }
    try require(SnapshotWriter.aligned(end) == bytes.count, "bytes after the last section")
  }

  // MARK: Rights

  private func validateRights() throws(SnapshotError) {
    let words = view.cellCount + 1
    let classWords = view.count(of: .classes)
    try require(classWords % words == 0, "classes: the length")
    let classCount = classWords / words
    let starts = view.count(of: .classStarts)
    try require(
      starts >= 1 && starts <= Limits.workspaceCountMax + 1, "class starts: the number")
    var previous: UInt32 = 0
    for index in 0..<starts {
      let start = view.load32(.classStarts, index)
      try require(start >= previous && (index > 0 || start == 0), "class starts: the order")
      previous = start
    }
    try require(Int(previous) == classCount, "class starts: the end")

    var checked = BitSet(count: view.count(of: .scopes))
    for index in 0..<classCount {
      let flags = view.classFlags(index)
      try require(flags & ~ClassFlag.administers == 0, "class \(index): an unknown flag")
      for cell in 0..<view.cellCount {
        let word = view.cellWord(class: index, cell: cell)
        try require(
          (word == CellWord.administers) == (flags == ClassFlag.administers),
          "class \(index): a cell of an administrator")
        guard word > 1, word != CellWord.administers else { continue }
        try require(word & 3 >= 2, "class \(index): the kind of a scope")
        try require(Int(word >> 2) < view.count(of: .scopes), "class \(index): a scope's place")
        if checked.insert(Int(word >> 2)) { try validateScope(.scopes, Int(word >> 2)) }
      }
    }
  }

  func validateScope(_ kind: SectionKind, _ start: Int) throws(SnapshotError) {
    let rest = view.count(of: kind) - start
    try require(rest >= 2, "\(kind) \(start): the head")
    let head = view.load32(kind, start)
    let count = Int(head & 0x7fff_ffff)
    try require(count <= rest - 2, "\(kind) \(start): the length")
    try require(view.load32(kind, start + 1) == 0, "\(kind) \(start): the second word")
    if head & 0x8000_0000 != 0 { return }
    for index in 1..<max(count, 1) {
      let low = view.load32(kind, start + 1 + index)
      try require(low < view.load32(kind, start + 2 + index), "\(kind) \(start): the order")
    }
  }

  // MARK: Links and names

  private func validateLinks() throws(SnapshotError) {
    let resources = view.table(.resources)
    var next = 0
    for index in 0..<view.count(of: .linkedResources) {
      try require(
        Int(view.load32(.linkedResources, index, 4)) == next, "linked resource \(index): first link"
      )
      next += Int(view.load32(.linkedResources, index, 8))
      try require(next <= view.count(of: .links), "linked resource \(index): number of links")
    }
    try require(next == view.count(of: .links), "links: the number")
    for index in 0..<view.count(of: .links) {
      let link = view.link(index)
      try require(link.relation < view.count(of: .relations), "link \(index): the relation")
      try require(
        link.slot < resources.slotCount && resources.slot(link.slot).isFound
          && Int(resources.slot(link.slot).tag) == view.relationTarget(link.relation),
        "link \(index): the resource")
    }
    for index in 0..<view.count(of: .connectionEnds) {
      let ends = view.load64(.connectionEnds, index)
      for slot in [Int(ends & 0xffff_ffff), Int(ends >> 32)] {
        try require(
          slot < resources.slotCount && resources.slot(slot).isFound,
          "connection \(index): an end")
      }
    }
  }

  private func validateDisplayNames() throws(SnapshotError) {
    let texts = view.section(.displayTexts)
    let slotCount = view.table(.resources).slotCount
    var previous = -1
    for index in 0..<view.count(of: .displayNames) {
      let slot = Int(view.load32(.displayNames, index))
      try require(slot > previous && slot < slotCount, "display name \(index): the resource")
      previous = slot
      let start = Int(view.load32(.displayNames, index, 4))
      let end = start + Int(view.load32(.displayNames, index, 8))
      try require(end <= texts.count, "display name \(index): the place")
      try require(Identifier.isText(texts[start..<end]), "display name \(index): not text")
    }
  }

  func require(_ condition: Bool, _ place: @autoclosure () -> String) throws(SnapshotError) {
    if !condition { throw SnapshotError(.malformed, "malformed snapshot: \(place())") }
  }
}

/// Places that were seen.
struct BitSet {
  private var words: [UInt64]

  init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

  /// Adds `index`; false if it was there.
  mutating func insert(_ index: Int) -> Bool {
    let bit: UInt64 = 1 << UInt64(index & 63)
    if words[index >> 6] & bit != 0 { return false }
    words[index >> 6] |= bit
    return true
  }

  /// Takes `index` away; false if it wasn't there.
  mutating func remove(_ index: Int) -> Bool {
    let bit: UInt64 = 1 << UInt64(index & 63)
    if words[index >> 6] & bit == 0 { return false }
    words[index >> 6] &= ~bit
    return true
  }
}
