import VerdictCompiler
import VerdictGateway
import VerdictModel
import VerdictPolicy
import VerdictRPC
import VerdictRoutes

/// What reading a gateway's request takes: finding its route, and the largest bodies.
struct GatewayBench {
  let count: Int
  let report: (String, Double, String) -> Void

  func run(_ what: String) throws {
    if what == "bodies" { return bodies() }
    for routeCount in [10, 10_000] {
      try routes(routeCount)
    }
  }

  // MARK: Routes

  /// A table of so many routes, and paths that fit them, one in eight none of them.
  private func routes(_ routeCount: Int) throws {
    var text = "apiVersion: verdict.routes/v1\nmodel: rudderstack\nroutes:\n"
    var targets: [[UInt8]] = []
    for index in 0..<routeCount {
      let method = ["GET", "PUT"][index % 2]
      let template = "/v2/kind\(index / 4)/{id}" + ["", "", "/parts", "/parts"][index % 4]
      text += "  - match: \(method) \(template)\n    check: edit destination/{id}\n"
    }
    for index in 0..<512 {
      let kind = index * 2_654_435 % max(routeCount / 4, 1)
      let end = index % 8 == 0 ? "/none" : ["", "/parts"][index % 2]
      targets.append(Array("/v2/kind\(kind)/D\(index)\(end)".utf8))
    }
    let document = try RouteDocument.parse(
      bytes: Array(text.utf8), path: "bench.yaml", models: AccessModels.shipped())
    let bytes = try RouteCompiler.compile(document)
    let rounds = max(1, count / targets.count)
    var found = 0
    let elapsed = try ContinuousClock().measure {
      found = try bytes.withByteView { bytes in
        try match(RouteTable(validating: bytes), targets, rounds)
      }
    }
    report(
      "routes.\(routeCount)", elapsed / .nanoseconds(1) / Double(rounds * targets.count),
      "ns/match (found \(found / rounds) of \(targets.count))")
  }

  /// As a request is: the path is read, then matched.
  private func match(_ table: RouteTable, _ targets: [[UInt8]], _ rounds: Int) throws -> Int {
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
    // SAFETY: allocated just now, and longer than every target.
    defer { unsafe room.deallocate() }
    let method = ByteView("GET")
    var found = 0
    for _ in 0..<rounds {
      for target in targets {
        try target.withByteView { target in
          let path = unsafe try RequestPath(target, room: room)
          if !table.match(method: method, path).isEmpty { found &+= 1 }
        }
      }
    }
    return found
  }

  // MARK: Bodies

  /// Bodies of 64 KiB, the longest that a loop reads, each of a kind that makes much work.
  private func bodies() {
    let byteCount = 64 << 10
    let kinds: [(name: String, begin: String, part: (Int) -> String, end: String)] = [
      ("names", "{", { "\"\(String($0, radix: 36))\":1," }, "\"\":1}"),
      ("long-names", "{", { "\"\(String(repeating: "a", count: 50))\($0)\":1," }, "\"\":1}"),
      ("values", "[", { "\($0 % 10),    " }, "1]"),
      ("texts", "[", { "\"\\u00e9\($0)\"," }, "1]"),
      ("objects", "[", { "{\"a\":\($0 % 10)}," }, "1]"),
      ("one-text", "[\"", { _ in "\\u00e9" }, "\"]"),
    ]
    let arena = MessageArena()
    for kind in kinds {
      var text = kind.begin
      var index = 0
      while text.utf8.count < byteCount - 100 {
        text += kind.part(index)
        index += 1
      }
      let bytes = Array((text + kind.end).utf8)
      let rounds = max(1, count / 20_000)
      var isRead = true
      let elapsed = ContinuousClock().measure {
        bytes.withByteView { bytes in
          for round in 0..<rounds {
            arena.reset()
            isRead = JSONBody(bytes, seed: UInt64(round), in: arena) != nil && isRead
          }
        }
      }
      report(
        "body.\(kind.name)", elapsed / .microseconds(1) / Double(rounds),
        "us (\(index) parts, \(isRead ? "read" : "refused"))")
    }
  }
}
