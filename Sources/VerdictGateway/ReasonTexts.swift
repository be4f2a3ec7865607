internal import VerdictModel

/// Names and sentences of the reasons as bytes that live as long as the process.
@safe
struct ReasonTexts: @unchecked Sendable {
  // `@unchecked`: written once, before anybody can see it.
  private let texts: UnsafeMutablePointer<(name: ByteView, text: ByteView)>

  static let shared = ReasonTexts()

  private init() {
    unsafe texts = .allocate(capacity: 256)
    // SAFETY: room for every byte that a reason can be.
    unsafe texts.initialize(repeating: (ByteView(), ByteView()), count: 256)
    for row in Reason.table {
      unsafe texts[Int(row.reason.rawValue)] = (
        ReasonTexts.kept(row.name), ReasonTexts.kept(row.text)
      )
    }
  }

  func name(_ reason: Reason) -> ByteView { unsafe texts[Int(reason.rawValue)].name }
  func text(_ reason: Reason) -> ByteView { unsafe texts[Int(reason.rawValue)].text }

  /// A copy that is never given back.
  static func kept(_ text: String) -> ByteView {
    text.withByteView { bytes in
      guard !bytes.isEmpty, let source = unsafe bytes.buffer.baseAddress else { return ByteView() }
      let room = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 1)
      // SAFETY: as much room as there are bytes.
      unsafe room.copyMemory(from: source, byteCount: bytes.count)
      return unsafe ByteView(base: room, count: bytes.count)
    }
  }
}
