import CProtobufC
import CVerdictProto
import Testing
import VerdictModel
import VerdictTestKit

@testable import VerdictRPC

/// The short way of reading requests against protobuf-c's: whatever it reads, both read alike.
@Suite("plain requests")
struct PlainRequestTests {
  private static func varint(_ value: UInt64) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest > 0x7f {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private static func field(_ number: UInt8, _ value: [UInt8]) -> [UInt8] {
    [number << 3 | 2] + varint(UInt64(value.count)) + value
  }

  private static func text(_ random: inout SeededRandom) -> [UInt8] {
    (0..<[0, 1, 5, 27, 130].randomElement(using: &random)!).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
  }

  /// Fields in any order, repeated and left out; now and then one that the short way refuses.
  private static func message(_ random: inout SeededRandom, isOdd: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    if !isOdd, Bool.random(using: &random) {
      bytes += field(5, columns(&random, isOdd: false))
    }
    for _ in 0..<Int.random(in: 0...8, using: &random) {
      switch Int.random(in: 0...(isOdd ? 12 : 8), using: &random) {
      case 0: bytes += field(1, text(&random))
      case 1: bytes += field(2, text(&random))
      case 2: bytes += field(3, text(&random))
      case 3: bytes += [6 << 3] + varint(UInt64.random(in: 0...2, using: &random))
      case 4:
        let shift = UInt64.random(in: 1...63, using: &random)
        bytes += [7 << 3] + varint(UInt64.random(in: 0...UInt64.max, using: &random) >> shift)
      case 12: bytes += field(5, columns(&random, isOdd: true))
      case 9: bytes += field(5, [8, 1])
      case 10: bytes += field(9, text(&random))
      case 11: bytes += [1 << 3] + varint(300)
      default:
        var check: [UInt8] = []
        for _ in 0..<Int.random(in: 0...6, using: &random) {
          check += field(UInt8.random(in: 1...(isOdd ? 6 : 5), using: &random), text(&random))
        }
        bytes += field(4, check)
      }
    }
    return bytes
  }

  /// The fields of columns in any order; where all is even, each list of ids once at most.
  private static func columns(_ random: inout SeededRandom, isOdd: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    var idFields: Set<UInt8> = []
    for _ in 0..<Int.random(in: 0...14, using: &random) {
      let number = UInt8.random(in: 1...(isOdd ? 13 : 12), using: &random)
      switch number {
      case 1: bytes += [1 << 3] + varint(UInt64.random(in: 0...UInt64(UInt32.max), using: &random))
      case 6, 9, 10:
        guard idFields.insert(number).inserted || isOdd else { continue }
        var ids: [UInt8] = []
        for _ in 0..<Int.random(in: 0...3, using: &random) {
          ids += field(UInt8.random(in: 1...(isOdd ? 3 : 2), using: &random), text(&random))
        }
        bytes += field(number, ids)
      default: bytes += field(number, text(&random))
      }
    }
    return bytes
  }

  private static func array(_ data: ProtobufCBinaryData) -> [UInt8] { unsafe ByteView(data).array }

  /// Whether the short way read it; fails where the two read different things.
  private static func compare(_ bytes: [UInt8]) throws -> Bool {
    let arena = MessageArena()
    return try bytes.withByteView { view in
      guard let ours = unsafe AuthorizeRequest.plain(view, in: arena) else { return false }
      // SAFETY: what protobuf-c unpacks, it frees.
      let unpacked = unsafe verdict__v1__authorize_request__unpack(nil, bytes.count, bytes)
      let theirs = unsafe try #require(unpacked, "\(bytes)")
      defer { unsafe verdict__v1__authorize_request__free_unpacked(theirs, nil) }
      let (a, b) = unsafe (ours.pointee, theirs.pointee)
      #expect(unsafe array(a.organization) == array(b.organization))
      #expect(unsafe array(a.principal) == array(b.principal))
      #expect(unsafe array(a.workspace) == array(b.workspace))
      #expect(unsafe (a.want_messages != 0) == (b.want_messages != 0))
      #expect(unsafe a.min_generation == b.min_generation)
      #expect(unsafe b.base.n_unknown_fields == 0)
      unsafe compare(a.columns, b.columns)
      try #require(unsafe a.n_checks == b.n_checks)
      for index in unsafe 0..<a.n_checks {
        let (one, other) = unsafe (a.checks[index]!.pointee, b.checks[index]!.pointee)
        #expect(unsafe other.base.n_unknown_fields == 0)
        #expect(unsafe array(one.action) == array(other.action))
        #expect(unsafe array(one.resource) == array(other.resource))
        #expect(unsafe array(one.target) == array(other.target))
        #expect(unsafe array(one.principal) == array(other.principal))
        #expect(unsafe array(one.workspace) == array(other.workspace))
      }
      return true
    }
  }

  private static func compare(
    _ ours: UnsafeMutablePointer<Verdict__V1__CheckColumns>?,
    _ theirs: UnsafeMutablePointer<Verdict__V1__CheckColumns>?
  ) {
    guard let a = unsafe ours?.pointee, let b = unsafe theirs?.pointee else {
      #expect(unsafe (ours == nil) == (theirs == nil))
      return
    }
    #expect(unsafe b.base.n_unknown_fields == 0)
    #expect(unsafe a.count == b.count)
    #expect(unsafe array(a.action_of) == array(b.action_of))
    #expect(unsafe array(a.resource_type_of) == array(b.resource_type_of))
    #expect(unsafe array(a.target_type_of) == array(b.target_type_of))
    #expect(unsafe array(a.workspace_of) == array(b.workspace_of))
    unsafe compare((a.actions, a.n_actions), (b.actions, b.n_actions))
    unsafe compare(
      (a.resource_types, a.n_resource_types), (b.resource_types, b.n_resource_types))
    unsafe compare((a.target_types, a.n_target_types), (b.target_types, b.n_target_types))
    unsafe compare((a.workspaces, a.n_workspaces), (b.workspaces, b.n_workspaces))
    unsafe compare(a.resource_ids, b.resource_ids)
    unsafe compare(a.target_ids, b.target_ids)
    unsafe compare(a.principals, b.principals)
  }

  private static func compare(
    _ ours: UnsafeMutablePointer<Verdict__V1__Ids>?,
    _ theirs: UnsafeMutablePointer<Verdict__V1__Ids>?
  ) {
    guard let a = unsafe ours?.pointee, let b = unsafe theirs?.pointee else {
      #expect(unsafe (ours == nil) == (theirs == nil))
      return
    }
    #expect(unsafe b.base.n_unknown_fields == 0)
    #expect(unsafe array(a.data) == array(b.data))
    #expect(unsafe array(a.lengths) == array(b.lengths))
  }

  private typealias Texts = (items: UnsafeMutablePointer<ProtobufCBinaryData>?, count: Int)

  private static func compare(_ ours: Texts, _ theirs: Texts) {
    #expect(unsafe ours.count == theirs.count)
    for index in unsafe 0..<min(ours.count, theirs.count) {
      #expect(unsafe array(ours.items![index]) == array(theirs.items![index]))
    }
  }

  @Test("all that clients send is read")
  func common() throws {
    var random = SeededRandom(seed: 1)
    for _ in 0..<500 {
      let bytes = Self.message(&random, isOdd: false)
      #expect(try Self.compare(bytes), "\(bytes)")
    }
    let check = Check(principal: "p", workspace: "w", action: "edit", resource: "t/1")
    let checks = Array(repeating: check, count: Limits.plainCheckCountMax)
    let most = AuthorizeCall(organization: "acme", checks: checks, wantsMessages: true)
    #expect(try Self.compare(#require(most.encoded())))
    let more = AuthorizeCall(organization: "acme", checks: checks + [check], wantsMessages: true)
    #expect(try !Self.compare(#require(more.encoded())))
  }

  @Test("what is odd or broken is refused, or read alike")
  func odd() throws {
    var random = SeededRandom(seed: 2)
    var readCount = 0
    for _ in 0..<5_000 {
      var bytes = Self.message(&random, isOdd: true)
      if !bytes.isEmpty {
        switch Int.random(in: 0...3, using: &random) {
        case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
        case 1:
          let place = Int.random(in: 0..<bytes.count, using: &random)
          bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 2: bytes.insert(0x80, at: Int.random(in: 0...bytes.count, using: &random))
        default: break
        }
      }
      if try Self.compare(bytes) { readCount += 1 }
    }
    #expect(readCount > 500 && readCount < 4_000, "both happened: \(readCount)")
  }
}
