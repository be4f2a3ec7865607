import Testing
import VerdictModel
import VerdictPolicy
import VerdictSystem
import VerdictTestKit

@testable import verdict

@Suite("sources of answers")
struct CheckSourceTests {
  private static let checkCount = 1_500

  /// Asks all sources the same and returns what the first one answered.
  private static func agree(
    _ sources: FourSources, _ checks: [Check], _ place: String
  ) throws -> [CheckAnswer] {
    let first = try sources.sources[0].source.answer(checks)
    #expect(first.count == checks.count)
    for (name, source) in sources.sources.dropFirst() {
      let answers = try source.answer(checks)
      #expect(answers.count == first.count)
      for (index, (one, other)) in zip(first, answers).enumerated() where one != other {
        Issue.record(
          "\(place), \(name), \(checks[index]): \(other.json.line), not \(one.json.line)")
      }
    }
    return first
  }

  @Test(
    "all four give the same answers, messages included, and those of the reference",
    arguments: UInt64(1)...6)
  func agreement(seed: UInt64) throws {
    var worlds = WorldGenerator(seed: seed)
    let model = try AccessModels.shipped()["rudderstack"]
    let rudderstack = try #require(model)
    let documents =
      seed % 2 == 0
      ? worlds.documents(models: [rudderstack]) : [worlds.document(model: rudderstack)]
    let sources = try FourSources(documents)
    var generator = CheckGenerator(documents: documents, seed: seed)
    let interpreter = ReferenceInterpreter(documents: documents)
    var asked: [(check: Check, reference: ReferenceCheck)] = []
    while asked.count < Self.checkCount {
      let reference = generator.next()
      if let check = Check(reference) { asked.append((check, reference)) }
    }
    let answers = try Self.agree(sources, asked.map(\.check), "seed \(seed)")
    for (question, answer) in zip(asked, answers) {
      let expected = interpreter.decide(question.reference)
      #expect(answer.reason == expected.reason, "seed \(seed): \(question.check)")
      #expect(!answer.message.isEmpty)
    }
    #expect(Set(answers.map(\.effect)).count == 3, "seed \(seed): a world worth asking")
  }

  @Test("what can be wrong with a check is the check's own, in every source")
  func faults() throws {
    var worlds = WorldGenerator(seed: 99)
    let model = try AccessModels.shipped()["rudderstack"]
    let document = worlds.document(model: try #require(model))
    let sources = try FourSources([document])
    let long = String(repeating: "x", count: 256)
    var checks = [Check(principal: "nobody", action: "view")]
    for id in ["", "user:", long, "a\0b", "\0"] {
      checks.append(Check(principal: id, workspace: "w", action: "view"))
      checks.append(Check(principal: "p", workspace: id, action: "view"))
      checks.append(Check(principal: "p", workspace: "w", action: id))
      checks.append(Check(principal: "p", workspace: "w", action: "edit", resource: id))
      checks.append(
        Check(principal: "p", workspace: "w", action: "edit", resource: "destination/\(id)"))
      checks.append(
        Check(
          principal: "p", workspace: "w", action: "connect", resource: "destination/D",
          target: id))
      checks.append(Check(organization: id, principal: "p", workspace: "w", action: "view"))
    }
    checks.append(Check(principal: "nobody", action: "view"))
    let answers = try Self.agree(sources, checks, "faults")
    #expect(answers.allSatisfy { $0.effect != .allow })
    #expect(answers.first == answers.last)
  }

  @Test("a source that isn't there is one line on what is missing")
  func missing() {
    let wrong: [() throws -> CheckSource] = [
      { try .documents(paths: ["/nonexistent/x.yaml"], models: nil) },
      { try .snapshot(path: "/nonexistent/x") },
      { try .snapshot(path: "/dev/null") },
      { try .snapshot(path: "/tmp") },
      { try .control(path: "/nonexistent") },
      { try .server(.unix(path: "/nonexistent/x")) },
      { try .server(.tcp(host: "127.0.0.1", port: 1)) },
    ]
    for make in wrong {
      do {
        _ = try make()
        Issue.record("a source out of nothing")
      } catch let failure as CommandFailure {
        #expect(failure.lines.count == 1)
        #expect(!failure.lines[0].contains("\n") && failure.lines[0].contains("error: "))
      } catch {
        Issue.record("\(error)")
      }
    }
  }
}
