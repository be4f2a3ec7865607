import CNghttp2
import VerdictHTTP2
import VerdictModel

/// HTTP/2 by hand, so that a test can say what no library would.
enum Frames {
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, 0, [])
  static let endStream: UInt8 = 1
  static let endHeaders: UInt8 = 4

  static func frame(_ type: UInt8, _ flags: UInt8, _ stream: Int, _ payload: [UInt8]) -> [UInt8] {
    [UInt8(payload.count >> 16), UInt8(payload.count >> 8 & 255), UInt8(payload.count & 255)]
      + [type, flags] + (0..<4).map { UInt8(stream >> (24 - 8 * $0) & 255) } + payload
  }

  /// A header block of literals that are never indexed.
  static func block(_ headers: [(String, String)]) -> [UInt8] {
    block(headers.map { (Array($0.0.utf8), Array($0.1.utf8)) })
  }

  static func block(_ headers: [(name: [UInt8], value: [UInt8])]) -> [UInt8] {
    headers.flatMap { name, value in [0x10] + text(name) + text(value) }
  }

  private static func text(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
    var rest = bytes.count - 127
    var result: [UInt8] = [127]
    while rest >= 128 {
      result.append(UInt8(rest & 127 | 128))
      rest >>= 7
    }
    return result + [UInt8(rest)] + bytes
  }

  static func request(
    _ stream: Int, path: String = "/t.S/Echo", isWhole: Bool = false,
    changes: [(String, String)] = []
  ) -> [UInt8] {
    var headers = [
      (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
      ("content-type", "application/grpc"), ("te", "trailers"),
    ]
    for (name, value) in changes {
      if let index = headers.firstIndex(where: { $0.0 == name }) {
        headers[index].1 = value
      } else {
        headers.append((name, value))
      }
    }
    return frame(1, endHeaders | (isWhole ? endStream : 0), stream, block(headers))
  }

  static func message(_ bytes: [UInt8]) -> [UInt8] {
    [0] + (0..<4).map { UInt8(bytes.count >> (24 - 8 * $0) & 255) } + bytes
  }

  static func data(_ stream: Int, _ payload: [UInt8], isLast: Bool = true) -> [UInt8] {
    frame(0, isLast ? endStream : 0, stream, payload)
  }

  static func window(_ stream: Int, _ increment: Int) -> [UInt8] {
    frame(8, 0, stream, (0..<4).map { UInt8(increment >> (24 - 8 * $0) & 255) })
  }
}

/// A session that echoes, fed from a test; what it says is taken apart into frames.
final class EchoPeer {
  struct Frame: Equatable {
    let type: UInt8
    let flags: UInt8
    let stream: Int
    let payload: [UInt8]
  }

  private let context: ServerContext
  private let session: ServerSession
  private var inflater = MessageInflater()
  private let messageByteCountMax: Int
  /// The clock that the session is shown.
  var nowNanoseconds: UInt64 = 1_000
  private(set) var output: [UInt8] = []
  private(set) var isBroken = false
  private(set) var messages: [[UInt8]] = []

  init(
    limits: SessionLimits = SessionLimits(), authority: HeaderRules.Authority = .hostAndPort
  ) {
    let context = ServerContext(
      methods: [
        ServedMethod(path: "/t.S/Echo", number: 0), ServedMethod(path: "/t.S/Fail", number: 1),
        ServedMethod(path: "/t.S/Long", number: 2),
        ServedMethod(path: "/page", number: 3, kind: .page),
        ServedMethod(path: "/t.S/Chat", number: 4, kind: .bidirectional),
        ServedMethod(path: "/t.S/Watch", number: 5, kind: .serverStreaming),
      ], limits: limits)
    messageByteCountMax = limits.messageByteCountMax
    session = ServerSession(context, authority: authority, nowNanoseconds: nowNanoseconds)
    self.context = context
  }

  var isOver: Bool { session.isOver }
  var dueNanoseconds: UInt64 { session.dueNanoseconds }
  var openStreamCount: Int { session.openStreamCount }
  var contextStreamCount: Int { context.openStreamCount }
  var heldByteCount: Int { context.heldByteCount }
  var counters: SessionCounters { context.counters }

  /// Feeds bytes in pieces of `step` and serves what becomes whole.
  func feed(_ bytes: [UInt8], step: Int = .max) {
    var offset = 0
    while offset < bytes.count && !isBroken {
      let end = step == .max ? bytes.count : min(bytes.count, offset + step)
      let piece = Array(bytes[offset..<end])
      if !piece.withByteView({ session.receive($0, nowNanoseconds: nowNanoseconds) }) {
        isBroken = true
      }
      serve()
      offset = end
    }
  }

  /// Reads nothing more, or goes on.
  func pauseReading(_ isPaused: Bool) {
    session.pauseReading(isPaused, nowNanoseconds: nowNanoseconds)
  }

  /// Lets time pass, looking when the session wants it.
  func wait(seconds: Double) {
    let end = nowNanoseconds + UInt64(seconds * 1e9)
    while !isBroken && !isOver && session.dueNanoseconds <= end {
      // As a loop does it, which never looks twice at once.
      nowNanoseconds = min(end, max(session.dueNanoseconds, nowNanoseconds + 1))
      if !session.expire(nowNanoseconds: nowNanoseconds) { isBroken = true }
      drain()
      if nowNanoseconds == end { break }
    }
    nowNanoseconds = end
  }

  /// The words of the last GOAWAY.
  var farewell: String? {
    frames.last { $0.type == 7 }.map { String(decoding: $0.payload.dropFirst(8), as: UTF8.self) }
  }

  /// The error of the last GOAWAY.
  var farewellCode: UInt8? { frames.last { $0.type == 7 }?.payload[7] }

  func announceShutdown() {
    session.announceShutdown()
    drain()
  }

  func finishAccepting() {
    session.finishAccepting()
    drain()
  }

  func finishStreams() {
    session.finishStreams(RPCStatus(.unavailable, "stops"))
    drain()
  }

  var isShutdownAcknowledged: Bool { session.isShutdownAcknowledged }

  /// Whether requests of `Chat` stay unanswered.
  var holds = false

  func push(_ stream: Int32, _ bytes: [UInt8]) -> ServerSession.Delivery {
    defer { drain() }
    return bytes.withByteView { session.send(stream: stream, $0) }
  }

  func finish(_ stream: Int32, _ status: RPCStatus) {
    session.finish(stream: stream, status)
    drain()
  }

  func answer(_ stream: Int32, _ bytes: [UInt8]) -> Bool {
    defer { serve() }
    return bytes.withByteView { session.answer(postponed: stream, .ok, $0) }
  }

  /// The messages of a stream's answer.
  func replies(of stream: Int) -> [[UInt8]] {
    var rest = frames.filter { $0.stream == stream && $0.type == 0 }.flatMap(\.payload)[...]
    var replies: [[UInt8]] = []
    while rest.count >= 5 {
      let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
      guard rest.count >= 5 + length else { break }
      replies.append(Array(rest.dropFirst(5).prefix(length)))
      rest = rest.dropFirst(5 + length)
    }
    return replies
  }

  private func serve() {
    repeat {
      serveReady()
      drain()
    } while session.hasRequest && !isBroken
  }

  private func serveReady() {
    while let request = session.nextRequest() {
      if request.isCompressed {
        inflate(request)
        continue
      }
      messages.append(request.message.array)
      var reply = request.reply
      switch request.method {
      case 0:
        reply.append(request.message)
        session.answer(request, .ok)
      case 1:
        session.answer(request, reply.fail(.invalidArgument, "50% ü\n"))
      case 3:
        "SERVING".withByteView { reply.append($0) }
        session.answer(request, .ok)
      case 4:
        if holds { return session.postpone(request) }
        // A byte says how often the rest is to be repeated; 255 is an error.
        if request.message.count > 0 && request.message[0] == 255 {
          session.answer(request, RPCStatus(.aborted, "enough"))
          continue
        }
        for _ in 0..<(request.message.isEmpty ? 1 : Int(request.message[0])) {
          reply.append(request.message)
        }
        session.answer(request, .ok)
      case 5: session.begin(request)
      default:
        for _ in 0..<100_000 { reply.append(9) }
        session.answer(request, .ok)
      }
    }
  }

  /// What a worker does with a long message; answers with it.
  private func inflate(_ request: ServerRequest) {
    let stream = request.stream
    let message = session.detachMessage(of: request)
    session.postpone(request)
    do throws(RPCFailure) {
      let plain = try inflater.plain(message, byteCountMax: messageByteCountMax)
      messages.append(plain.bytes.array)
      _ = session.answer(postponed: stream, .ok, plain.bytes)
    } catch {
      if let limit = error.limit { session.count(limit) }
      _ = session.answer(postponed: stream, error.status.code, ByteView())
    }
  }

  private func drain() {
    let room = 64 << 10
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 16)
    defer { unsafe buffer.deallocate() }
    while true {
      let count = unsafe session.drain(into: buffer, byteCount: room)
      if count == 0 { return }
      unsafe output.append(contentsOf: UnsafeRawBufferPointer(start: buffer, count: count))
    }
  }

  /// Everything said so far, in frames.
  var frames: [Frame] {
    var frames: [Frame] = []
    var rest = output[...]
    while rest.count >= 9 {
      let head = Array(rest.prefix(9))
      let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
      let stream = head[5..<9].reduce(0) { $0 << 8 | Int($1) }
      frames.append(
        Frame(
          type: head[3], flags: head[4], stream: stream,
          payload: Array(rest.dropFirst(9).prefix(length))))
      rest = rest.dropFirst(9 + length)
    }
    return frames
  }

  /// The frames of one stream as letters: `H` headers, `D` data, `R` reset, each with `.` when it
  /// ends the stream.
  func shape(of stream: Int) -> String {
    frames.filter { $0.stream == stream && stream != 0 }.map {
      let letter = [0: "D", 1: "H", 3: "R", 8: "W"][$0.type] ?? "?"
      return letter + ($0.type <= 1 && $0.flags & 1 != 0 ? "." : "")
    }.filter { $0 != "W" }.joined()
  }

  /// The gRPC status of a stream, read from its header blocks.
  func statusCode(of stream: Int) -> UInt8? {
    var inflater: OpaquePointer?
    guard unsafe nghttp2_hd_inflate_new(&inflater) == 0 else { return nil }
    defer { unsafe nghttp2_hd_inflate_del(inflater) }
    var status: UInt8?
    for frame in frames where frame.type == 1 {
      var rest = frame.payload[...]
      var flags: Int32 = 0
      while flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) == 0 {
        var header = unsafe nghttp2_nv()
        let count = unsafe rest.withUnsafeBufferPointer {
          unsafe nghttp2_hd_inflate_hd2(inflater, &header, &flags, $0.baseAddress, $0.count, 1)
        }
        guard count >= 0 else { return nil }
        rest = rest.dropFirst(count)
        guard flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0, frame.stream == stream else {
          continue
        }
        let name = unsafe String(
          decoding: UnsafeBufferPointer(start: header.name, count: header.namelen), as: UTF8.self)
        let value = unsafe String(
          decoding: UnsafeBufferPointer(start: header.value, count: header.valuelen),
          as: UTF8.self)
        if name == "grpc-status" { status = UInt8(value) }
      }
      unsafe nghttp2_hd_inflate_end_headers(inflater)
    }
    return status
  }
}
