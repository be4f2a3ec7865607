import Testing
import VerdictModel

@testable import VerdictRPC

/// The client's messages against the server's views of them, and the other way round.
@Suite("messages of the client")
struct ClientMessageTests {
  static let origin = (
    id: [UInt8](repeating: 7, count: 16), digest: [UInt8](repeating: 9, count: 32)
  )

  @Test("a request reaches the server with every byte of its ids")
  func authorizeCall() throws {
    let checks = [
      Check(principal: "user:e\u{301}\0", workspace: "prod", action: "edit", resource: "a/é/b"),
      Check(principal: "", action: "", target: "user:x"),
    ]
    let bytes = try #require(
      AuthorizeCall(organization: "acme", checks: checks, wantsMessages: true).encoded())
    let arena = MessageArena()
    try bytes.withByteView { view in
      let unpacked = AuthorizeRequest(view, in: arena)
      let request = try #require(unpacked)
      #expect(request.organization.text == "acme")
      #expect(request.principal.isEmpty && request.workspace.isEmpty && request.columns == nil)
      #expect(request.wantsMessages)
      #expect(request.checkCount == 2)
      #expect(request[0].principal.array == Array("user:e\u{301}\0".utf8))
      #expect(request[0].workspace.text == "prod" && request[0].action.text == "edit")
      #expect(request[0].resource.array == Array("a/é/b".utf8) && request[0].target.isEmpty)
      #expect(request[1].principal.isEmpty && request[1].action.isEmpty)
      #expect(request[1].target.text == "user:x")
    }
  }

  @Test("a request that no server would take is not made")
  func tooLarge() {
    let check = Check(
      principal: "p", action: "view", resource: String(repeating: "x", count: 5 << 20))
    #expect(
      AuthorizeCall(organization: "", checks: [check], wantsMessages: false).encoded() == nil)
    let block = VisibilityCall.Block(
      resourceType: "t", ids: [String(repeating: "x", count: 256)])
    #expect(
      VisibilityCall(
        organization: "", workspace: "", principals: ["p"], permissions: ["view"], blocks: [block]
      ).encoded() == nil)
  }

  /// An `AuthorizeResponse` as a server packs it.
  static func response(
    effects: [UInt8], reasons: [UInt8], permissionOf: [UInt8] = [], operandOf: [UInt8] = [],
    messages: [String] = []
  ) throws -> [UInt8] {
    let arena = MessageArena()
    func view(_ bytes: [UInt8]) throws -> ByteView {
      let copy = bytes.withByteView { arena.copy($0) }
      return try #require(copy)
    }
    func texts(_ list: [String]) throws -> ResponseTexts {
      let room = ResponseTexts(capacity: list.count, in: arena)
      var texts = try #require(room)
      for text in list { texts.append(try view(Array(text.utf8))) }
      return texts
    }
    let response = AuthorizeResponse(
      origin: AnswerOrigin(
        decisionID: try view(origin.id), snapshotDigest: try view(origin.digest), generation: 3),
      effects: try view(effects), reasons: try view(reasons),
      missing: permissionOf.isEmpty && operandOf.isEmpty
        ? nil
        : AuthorizeResponse.MissingTerms(
          permissions: try texts(["edit", "connect"]), permissionOf: try view(permissionOf),
          operands: try texts(["self", "related:tracking_plan/TP1"]),
          operandOf: try view(operandOf)),
      messages: messages.isEmpty ? nil : try texts(messages))
    var packed = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    // SAFETY: as much room as is asked for; copied and given back below.
    unsafe response.pack { count in
      unsafe packed = .allocate(byteCount: max(count, 1), alignment: 16)
      unsafe packed = UnsafeMutableRawBufferPointer(rebasing: packed[..<count])
      return packed.baseAddress!
    }
    defer { unsafe packed.deallocate() }
    return unsafe Array(packed)
  }

  @Test("a reply comes out of the columns as one answer a check")
  func authorizeReply() throws {
    let bytes = try Self.response(
      effects: [1, 2, 2, 3], reasons: [1, 20, 21, 62], permissionOf: [0, 1, 2, 0],
      operandOf: [0, 0, 0, 0, 0, 2, 0, 0], messages: ["a", "b", "", "d"])
    let reply = try AuthorizeReply(decoding: bytes, checkCount: 4)
    #expect(
      reply.answers == [
        CheckAnswer(reason: .granted, message: "a"),
        CheckAnswer(reason: .missingPermission, permission: "edit", message: "b"),
        CheckAnswer(
          reason: .resourceNotInScope, permission: "connect",
          operand: "related:tracking_plan/TP1"),
        CheckAnswer(reason: .unknownAction, message: "d"),
      ])
    #expect(reply.origin.decisionID == Self.origin.id && reply.origin.generation == 3)
    #expect(reply.origin.snapshotDigest == Self.origin.digest)
  }

  @Test("a reply that contradicts itself answers nothing")
  func contradictions() throws {
    let wrong: [(effects: [UInt8], reasons: [UInt8])] = [
      ([1], []), ([], [1]), ([], []), ([1, 1], [1, 1]),
      // Unspecified; allow for a deny's reason; deny for an allow's; unknown numbers.
      ([0], [1]), ([1], [20]), ([2], [1]), ([3], [1]), ([1], [62]), ([4], [1]), ([1], [0]),
      ([2], [255]),
    ]
    for columns in wrong {
      let bytes = try Self.response(effects: columns.effects, reasons: columns.reasons)
      #expect(throws: MalformedReply.self, "\(columns)") {
        try AuthorizeReply(decoding: bytes, checkCount: 1)
      }
    }
    let messages = try Self.response(effects: [1], reasons: [1], messages: ["a", "b"])
    #expect(throws: MalformedReply.self) {
      try AuthorizeReply(decoding: messages, checkCount: 1)
    }
    for (permissionOf, operandOf): ([UInt8], [UInt8]) in [
      ([3], [0, 0]), ([0], [0, 3]), ([0], [1, 0]), ([0, 0], []), ([], [0]), ([0], [0]),
    ] {
      let bytes = try Self.response(
        effects: [2], reasons: [20], permissionOf: permissionOf, operandOf: operandOf)
      #expect(throws: MalformedReply.self, "\(permissionOf) \(operandOf)") {
        try AuthorizeReply(decoding: bytes, checkCount: 1)
      }
    }
  }

  @Test("bytes that are no message are refused, and no cut of a reply is an answer to it")
  func unreadable() throws {
    #expect(throws: MalformedReply.self) {
      try AuthorizeReply(decoding: [0xff, 0xff, 0xff], checkCount: 0)
    }
    let bytes = try Self.response(
      effects: [1, 2], reasons: [1, 20], permissionOf: [0, 1], operandOf: [0, 0, 0, 1],
      messages: ["a", "b"])
    let whole = try AuthorizeReply(decoding: bytes, checkCount: 2)
    for count in bytes.indices {
      // A cut between two fields is readable; then it lacks messages or missing terms, never turns
      // a deny into an allow.
      if let reply = try? AuthorizeReply(decoding: Array(bytes[..<count]), checkCount: 2) {
        #expect(reply.answers.map(\.effect) == whole.answers.map(\.effect), "\(count) bytes")
      }
    }
  }

  @Test("a visibility request reaches the server")
  func visibilityCall() throws {
    let call = VisibilityCall(
      organization: "acme", workspace: "prod", principals: ["mia", "user:max"],
      permissions: ["view"],
      blocks: [
        VisibilityCall.Block(
          resourceType: "transformation", ids: ["T1", "é"], targetType: "destination",
          targetIDs: ["D1", ""]),
        VisibilityCall.Block(resourceType: "table", ids: []),
      ])
    let bytes = try #require(call.encoded())
    let arena = MessageArena()
    try bytes.withByteView { view in
      let unpacked = CheckVisibilityRequest(view, in: arena)
      let request = try #require(unpacked)
      #expect(request.organization.text == "acme" && request.workspace.text == "prod")
      #expect((0..<request.principals.count).map { request.principals[$0].text } == call.principals)
      #expect(request.permissions.count == 1 && request.permissions[0].text == "view")
      #expect(request.blockCount == 2)
      let block = request.block(0)
      #expect(block.resourceType.text == "transformation" && block.targetType.text == "destination")
      #expect(block.ids.data.text == "T1é" && block.ids.lengths.array == [2, 2])
      #expect(block.targetIDs.data.text == "D1" && block.targetIDs.lengths.array == [2, 0])
      #expect(request.block(1).ids.count == 0 && request.block(1).targetIDs.count == 0)
    }
  }
}
