import Testing
import VerdictHTTP2
import VerdictModel

@Suite("gRPC's message framing")
struct MessageFramingTests {
  /// Feeds `pieces` and ends the request.
  private func run(
    _ pieces: [[UInt8]], isEncodingNamed: Bool = false, byteCountMax: Int = 100
  ) -> (failure: MessageFraming.Failure, bodyCount: Int) {
    var framing = MessageFraming()
    var bodyCount = 0
    for piece in pieces where framing.failure == .none {
      piece.withByteView { view in
        var offset = 0
        if !framing.isLengthKnown {
          offset = framing.takePrefix(
            view, isEncodingNamed: isEncodingNamed, byteCountMax: byteCountMax)
        }
        if offset < view.count && framing.failure == .none {
          bodyCount += framing.takeBody(availableCount: view.count - offset)
        }
      }
    }
    return (framing.end(), bodyCount)
  }

  static let cases: [([UInt8], Bool, MessageFraming.Failure)] = [
    ([0, 0, 0, 0, 2, 7, 8], false, .none),
    ([0, 0, 0, 0, 0], false, .none),
    ([0, 0, 0, 0, 100] + [UInt8](repeating: 1, count: 100), false, .none),
    ([0, 0, 0, 0, 101], false, .tooLong),
    ([0, 255, 255, 255, 255], false, .tooLong),
    ([1, 0, 0, 0, 0], false, .compressedWithoutEncoding),
    ([1, 0, 0, 0, 0], true, .encodingUnsupported),
    ([2, 0, 0, 0, 0], false, .flagUnknown),
    ([255, 0, 0, 0, 0], true, .flagUnknown),
    ([], false, .noMessage),
    ([0, 0, 0], false, .truncated),
    ([0, 0, 0, 0, 2, 7], false, .truncated),
    ([0, 0, 0, 0, 2, 7, 8, 0], false, .secondMessage),
    ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], false, .secondMessage),
  ]

  @Test("every input has its outcome, at once and byte by byte", arguments: cases)
  func outcome(bytes: [UInt8], isEncodingNamed: Bool, expected: MessageFraming.Failure) {
    let whole = run([bytes], isEncodingNamed: isEncodingNamed)
    let single = run(bytes.map { [$0] }, isEncodingNamed: isEncodingNamed)
    #expect(whole.failure == expected)
    #expect(single.failure == expected)
    #expect(whole.bodyCount == single.bodyCount)
  }
}
