import ArgumentParser
import Synchronization
import VerdictModel
import VerdictPolicy
import VerdictSystem
import VerdictTestKit

/// Runs comparisons on threads, adds them up and tells what came out.
enum Proof {
  private struct Total {
    var agreement = Agreement()
    var error: (any Error)?
  }

  /// - Parameters:
  ///   - count: disagreements that are told reduced; the rest on a line each.
  ///   - body: one thread's share, by the thread's number from 0.
  /// - Throws: exit code 1 where anything disagreed, after telling the first few, reduced.
  static func run(
    threads: Int, telling count: Int, models directory: String?,
    _ body: @escaping @Sendable (Int, inout Agreement) throws -> Void
  ) throws {
    let total = Shared()
    let clock = ContinuousClock()
    let start = clock.now
    let workers = try (0..<threads).map { thread in
      try Thread(name: "prove-\(thread)") {
        var agreement = Agreement()
        do {
          try body(thread, &agreement)
          total.state.withLock { $0.agreement.add(agreement) }
        } catch {
          total.state.withLock { $0.error = error }
        }
      }
    }
    for worker in workers { worker.join() }
    let result = total.state.withLock { $0 }
    if let error = result.error { throw error }
    tell(result.agreement, seconds: (clock.now - start) / .seconds(1))
    if result.agreement.disagreementCount > 0 {
      tellDisagreements(result.agreement, count, models: try models(directory))
      throw ExitCode(1)
    }
  }

  private final class Shared: Sendable {
    let state = Mutex(Total())
  }

  private static func tell(_ agreement: Agreement, seconds: Double) {
    let effects = Effect.allCases.map { "\($0.name) \(agreement.counts[$0] ?? 0)" }
    let ways = CompiledWorld.Way.allCases.map {
      "\($0.rawValue) \(agreement.wayCounts[$0] ?? 0)"
    }
    print("  \(agreement.worldCount) worlds, \(agreement.checkCount) checks")
    print("  effects: \(effects.joined(separator: ", "))")
    print("  ways to ask: \(ways.joined(separator: ", "))")
    print("  \((seconds * 10).rounded() / 10) s, \(agreement.disagreementCount) disagreements")
  }

  /// The models of a directory; without one those that ship.
  static func models(_ directory: String?) throws -> AccessModels {
    try directory.map { try AccessModels(directory: $0) } ?? AccessModels.shipped()
  }

  private static func tellDisagreements(
    _ agreement: Agreement, _ count: Int, models: AccessModels
  ) {
    for (number, disagreement) in agreement.disagreements.prefix(count).enumerated() {
      print("\ndisagreement \(number + 1):\n\(disagreement.reduced(models: models).report)")
    }
    for disagreement in agreement.disagreements.dropFirst(count) { print(disagreement) }
  }
}
