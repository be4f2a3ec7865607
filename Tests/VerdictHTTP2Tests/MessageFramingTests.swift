import Testing
import VerdictHTTP2
import VerdictModel

@Suite("gRPC's message framing")
struct MessageFramingTests {
  /// Feeds `pieces` and ends the request.
  private func run(
    _ pieces: [[UInt8]], encoding: RequestHeaders.Encoding = .identity, byteCountMax: Int = 100
  ) -> (failure: MessageFraming.Failure, bodyCount: Int) {
    var framing = MessageFraming()
    var bodyCount = 0
    for piece in pieces where framing.failure == .none {
      piece.withByteView { view in
        var offset = 0
        if !framing.isLengthKnown {
          offset = framing.takePrefix(
            view, encoding: encoding, byteCountMax: byteCountMax)
        }
        if offset < view.count && framing.failure == .none {
          bodyCount += framing.takeBody(availableCount: view.count - offset)
        }
      }
    }
    return (framing.end(), bodyCount)
  }

  static let cases: [([UInt8], RequestHeaders.Encoding, MessageFraming.Failure)] = [
    ([0, 0, 0, 0, 2, 7, 8], .identity, .none),
    ([0, 0, 0, 0, 0], .identity, .none),
    ([0, 0, 0, 0, 100] + [UInt8](repeating: 1, count: 100), .identity, .none),
    ([0, 0, 0, 0, 101], .identity, .tooLong),
    ([0, 255, 255, 255, 255], .identity, .tooLong),
    ([1, 0, 0, 0, 0], .identity, .compressedWithoutEncoding),
    ([1, 0, 0, 0, 0], .unknown, .encodingUnsupported),
    ([1, 0, 0, 0, 2, 7, 8], .gzip, .none),
    ([0, 0, 0, 0, 2, 7, 8], .gzip, .none),
    ([1, 0, 0, 0, 101], .gzip, .tooLong),
    ([2, 0, 0, 0, 0], .identity, .flagUnknown),
    ([255, 0, 0, 0, 0], .unknown, .flagUnknown),
    ([], .identity, .noMessage),
    ([0, 0, 0], .identity, .truncated),
    ([0, 0, 0, 0, 2, 7], .identity, .truncated),
    ([0, 0, 0, 0, 2, 7, 8, 0], .identity, .secondMessage),
    ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .identity, .secondMessage),
  ]

  @Test("every input has its outcome, at once and byte by byte", arguments: cases)
  func outcome(bytes: [UInt8], encoding: RequestHeaders.Encoding, expected: MessageFraming.Failure)
  {
    let whole = run([bytes], encoding: encoding)
    let single = run(bytes.map { [$0] }, encoding: encoding)
    #expect(whole.failure == expected)
    #expect(single.failure == expected)
    #expect(whole.bodyCount == single.bodyCount)
  }
}
