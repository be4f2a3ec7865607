import Testing
import VerdictModel

@testable import VerdictClient

@Suite("checks as requests")
struct CheckGroupTests {
  static func check(_ organization: String?, _ resource: String = "a/b") -> Check {
    Check(organization: organization, principal: "p", action: "view", resource: resource)
  }

  static func places(_ checks: [Check]) -> [[Int]] {
    CheckGroup.groups(of: checks).map(\.places)
  }

  @Test("no checks make no request")
  func none() { #expect(Self.places([]).isEmpty) }

  @Test("checks go together by organization, in order; none and an empty one are the same")
  func organizations() {
    let checks = ["a", "b", nil, "a", "", "b"].map { Self.check($0) }
    #expect(Self.places(checks) == [[0, 3], [1, 5], [2, 4]])
    #expect(CheckGroup.groups(of: checks).map(\.organization) == ["a", "b", ""])
  }

  @Test("organizations are told apart by their bytes, not by how they look")
  func canonicalEquivalence() {
    #expect(Self.places([Self.check("\u{e9}"), Self.check("e\u{301}")]) == [[0], [1]])
  }

  @Test("a request has as many checks as a server takes and no more")
  func count() {
    let checks = Array(repeating: Self.check("a"), count: 2 * Limits.plainCheckCountMax + 1)
    #expect(Self.places(checks).map(\.count) == [1_000, 1_000, 1])
    #expect(Self.places(checks).flatMap { $0 } == Array(checks.indices))
  }

  @Test("a request stays below the bytes that a server takes")
  func bytes() {
    let long = Self.check("a", String(repeating: "x", count: 300_000))
    #expect(Self.places(Array(repeating: long, count: 7)) == [[0, 1, 2], [3, 4, 5], [6]])
    let huge = Self.check("a", String(repeating: "x", count: 2 << 20))
    #expect(Self.places([huge, huge]) == [[0], [1]])
  }
}
