import Testing
import VerdictRPC

@testable import VerdictServer

@Suite("Lists of callers")
struct CallerRulesTests {
  private func rules(_ texts: String...) throws -> CallerRules {
    var rules = CallerRules()
    for text in texts { try rules.add(parsing: text) }
    return rules
  }

  private func allowed(_ rules: CallerRules, _ caller: Caller) -> [RPCService] {
    let refused = rules.refusedServices(caller)
    return RPCService.allCases.filter { refused & $0.bit == 0 }
  }

  @Test("whoever is on no line may only check health")
  func closed() throws {
    let rules = try rules("uid:1000", "inspection=uri:spiffe://a/b")
    #expect(allowed(rules, .anonymous) == [.health])
    #expect(allowed(rules, .user(1001)) == [.health])
    #expect(allowed(rules, .certificate("uid:1000")) == [.health])
    #expect(allowed(rules, .certificate("dns:spiffe://a/b")) == [.health])
  }

  @Test("a line without a service is for all of them, one with a service for that alone")
  func services() throws {
    let rules = try rules("uid:1000", "inspection=uri:spiffe://a/b", "decision=uid:7")
    #expect(allowed(rules, .user(1000)) == RPCService.allCases)
    #expect(allowed(rules, .certificate("uri:spiffe://a/b")) == [.inspection, .health])
    #expect(allowed(rules, .user(7)) == [.decision, .health])
  }

  @Test("only a URI's last part may be left open, and it begins after a slash")
  func below() throws {
    let rules = try rules("uri:spiffe://a/*", "dns:*")
    #expect(allowed(rules, .certificate("uri:spiffe://a/x/y")) == RPCService.allCases)
    #expect(allowed(rules, .certificate("uri:spiffe://ab/x")) == [.health])
    #expect(allowed(rules, .certificate("uri:spiffe://a")) == [.health])
    #expect(allowed(rules, .certificate("dns:x")) == [.health])
  }

  @Test("names are compared by their bytes, not as Unicode")
  func bytes() throws {
    let rules = try rules("subject:CN=e\u{301}")
    #expect(allowed(rules, .certificate("subject:CN=\u{e9}")) == [.health])
  }

  @Test("a number of a user is a number")
  func numbers() throws {
    let rules = try rules("uid:01000")
    #expect(allowed(rules, .user(1000)) == RPCService.allCases)
    for text in ["", "uid:", "uid:-1", "uid:4294967296", "root", "health", "x=uid:1", "dns:"] {
      #expect(throws: CallerRules.ParseError.self, "\(text)") { try self.rules(text) }
    }
  }

  @Test("every method belongs to a service whose full name begins its path")
  func methods() {
    for method in Method.allCases where method != .healthPage {
      #expect(method.path.hasPrefix("/\(method.service.fullName)/"))
    }
  }
}
