import CProtobufC
import CVerdictProto
import Testing
import VerdictModel
import VerdictTestKit

@testable import VerdictRPC

/// What we write ourselves, byte for byte what protobuf-c writes of the same message.
@Suite("bytes of responses")
struct ResponseBytesTests {
  private static let lengths = [0, 1, 2, 16, 32, 127, 128, 300, 16_383, 16_384, 70_000]

  private static func bytes(_ random: inout SeededRandom, _ arena: borrowing MessageArena) throws
    -> ByteView
  {
    let count = lengths.randomElement(using: &random)!
    let made = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    let copy = made.withByteView { arena.copy($0) }
    return try #require(copy)
  }

  /// Strings of a message: protobuf-c cuts nothing and checks nothing, so any bytes will do.
  private static func texts(_ random: inout SeededRandom, _ arena: borrowing MessageArena) throws
    -> ResponseTexts
  {
    let count = Int.random(in: 0...3, using: &random)
    let room = ResponseTexts(capacity: count, in: arena)
    var texts = try #require(room)
    for _ in 0..<count { texts.append(try bytes(&random, arena)) }
    return texts
  }

  private static func origin(_ random: inout SeededRandom, _ arena: borrowing MessageArena) throws
    -> AnswerOrigin
  {
    let shift = UInt64.random(in: 0...64, using: &random)
    return AnswerOrigin(
      decisionID: try bytes(&random, arena), snapshotDigest: try bytes(&random, arena),
      generation: UInt64.random(in: 0...UInt64.max, using: &random) >> shift)
  }

  private static func packed(_ pack: ((Int) -> UnsafeMutableRawPointer) -> Void) -> [UInt8] {
    var packed = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    // SAFETY: as much room as is asked for, and a guard behind it; copied and given back below.
    unsafe pack { count in
      unsafe packed = .allocate(byteCount: count + 8, alignment: 16)
      unsafe packed.initializeMemory(as: UInt8.self, repeating: 0xA5)
      return packed.baseAddress!
    }
    defer { unsafe packed.deallocate() }
    let guarded = unsafe packed.suffix(8)
    #expect(unsafe guarded.allSatisfy { $0 == 0xA5 }, "wrote no further than it said")
    return unsafe Array(packed.dropLast(8))
  }

  @Test("of Authorize", arguments: 0..<100)
  func authorize(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let arena = MessageArena()
    var response = AuthorizeResponse(
      origin: try Self.origin(&random, arena), effects: try Self.bytes(&random, arena),
      reasons: try Self.bytes(&random, arena))
    if Bool.random(using: &random) {
      response.missing = AuthorizeResponse.MissingTerms(
        permissions: try Self.texts(&random, arena), permissionOf: try Self.bytes(&random, arena),
        operands: try Self.texts(&random, arena), operandOf: try Self.bytes(&random, arena))
    }
    if Bool.random(using: &random) { response.messages = try Self.texts(&random, arena) }
    let ours = unsafe Self.packed { unsafe response.pack($0) }
    // SAFETY: what protobuf-c unpacks, it packs and frees.
    let unpacked = unsafe verdict__v1__authorize_response__unpack(nil, ours.count, ours)
    let message = unsafe try #require(unpacked)
    defer { unsafe verdict__v1__authorize_response__free_unpacked(message, nil) }
    #expect(unsafe message.pointee.base.n_unknown_fields == 0)
    #expect(unsafe message.pointee.n_messages == response.messages?.count ?? 0)
    #expect(unsafe (message.pointee.missing != nil) == (response.missing != nil))
    #expect(unsafe message.pointee.generation == response.origin.generation)
    var theirs = [UInt8](repeating: 0, count: ours.count)
    #expect(unsafe verdict__v1__authorize_response__get_packed_size(message) == ours.count)
    unsafe verdict__v1__authorize_response__pack(message, &theirs)
    #expect(ours == theirs)
  }

  @Test("of CheckVisibility", arguments: 0..<50)
  func visibility(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let arena = MessageArena()
    let response = CheckVisibilityResponse(
      origin: try Self.origin(&random, arena), visible: try Self.texts(&random, arena),
      reasons: try Self.bytes(&random, arena))
    let ours = unsafe Self.packed { unsafe response.pack($0) }
    // SAFETY: as above.
    let unpacked = unsafe verdict__v1__check_visibility_response__unpack(nil, ours.count, ours)
    let message = unsafe try #require(unpacked)
    defer { unsafe verdict__v1__check_visibility_response__free_unpacked(message, nil) }
    #expect(unsafe message.pointee.n_visible == response.visible.count)
    #expect(unsafe message.pointee.base.n_unknown_fields == 0)
    var theirs = [UInt8](repeating: 0, count: ours.count)
    #expect(unsafe verdict__v1__check_visibility_response__get_packed_size(message) == ours.count)
    unsafe verdict__v1__check_visibility_response__pack(message, &theirs)
    #expect(ours == theirs)
  }

  @Test("of Envoy's Check", arguments: 0..<100)
  func externalAuthorization(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let arena = MessageArena()
    let headerCount = Int.random(in: 0...6, using: &random)
    let room = TextPairs(capacity: headerCount, in: arena)
    var headers = try #require(room)
    for _ in 0..<headerCount {
      headers.append(
        TextPairs.Pair(
          name: try Self.bytes(&random, arena), value: try Self.bytes(&random, arena)))
    }
    let isAllow = Bool.random(using: &random)
    let status = [401, 403].randomElement(using: &random)!
    let response: ExternalAuthorizationResponse =
      isAllow
      ? .allow(headers: headers, removed: try Self.texts(&random, arena))
      : .deny(status: Int32(status), headers: headers, body: try Self.bytes(&random, arena))
    let metadata = try Self.bytes(&random, arena)
    let ours = unsafe Self.packed { unsafe response.pack(metadata: metadata, $0) }
    // SAFETY: as above.
    let unpacked = unsafe envoy__service__auth__v3__check_response__unpack(nil, ours.count, ours)
    let message = unsafe try #require(unpacked)
    defer { unsafe envoy__service__auth__v3__check_response__free_unpacked(message, nil) }
    #expect(unsafe message.pointee.base.n_unknown_fields == 0)
    #expect(
      unsafe message.pointee.http_response_case
        == (isAllow
          ? ENVOY__SERVICE__AUTH__V3__CHECK_RESPONSE__HTTP_RESPONSE_OK_RESPONSE
          : ENVOY__SERVICE__AUTH__V3__CHECK_RESPONSE__HTTP_RESPONSE_DENIED_RESPONSE))
    let code = unsafe try #require(message.pointee.status).pointee.code
    #expect(code == (isAllow ? 0 : status == 401 ? 16 : 7))
    let list =
      unsafe isAllow
      ? (message.pointee.ok_response.pointee.n_headers, message.pointee.ok_response.pointee.headers)
      : (
        message.pointee.denied_response.pointee.n_headers,
        message.pointee.denied_response.pointee.headers
      )
    #expect(unsafe list.0 == headerCount)
    for index in 0..<headerCount {
      let option = unsafe try #require(list.1?[index]).pointee
      #expect(unsafe option.append != nil && option.append.pointee.value == 0)
    }
    var theirs = [UInt8](repeating: 0, count: ours.count)
    #expect(
      unsafe envoy__service__auth__v3__check_response__get_packed_size(message) == ours.count)
    unsafe envoy__service__auth__v3__check_response__pack(message, &theirs)
    #expect(ours == theirs)
  }
}
