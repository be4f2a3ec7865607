internal import VerdictEngine
public import VerdictModel
internal import VerdictPolicy

/// Holds the engine to the reference interpreter: same effect, reason, permission and operand for
/// every check, in every way of asking.
public struct Agreement: Sendable {
  /// What the checks came to, by effect: the health of the generators.
  public private(set) var counts: [Effect: Int] = [:]
  /// Different checks, each counted once.
  public private(set) var checkCount = 0
  /// How many of them were asked in each way.
  public private(set) var wayCounts: [CompiledWorld.Way: Int] = [:]
  public private(set) var worldCount = 0
  /// The first few, each with all that is needed to see it again.
  public private(set) var disagreements: [Disagreement] = []
  public private(set) var disagreementCount = 0

  /// Disagreements that are kept.
  static let keptCountMax = 10
  /// Checks that are put in columns together: no column has more different names than it can hold.
  private static let columnCount = 200

  public init() {}

  /// Makes a world from `seed` and compares `checkCount` checks in it: all by their texts, and a
  /// quarter each in the other ways.
  public mutating func compare(
    seed: UInt64, models: [AccessModel], checkCount: Int
  ) throws {
    var worlds = WorldGenerator(seed: seed)
    let documents = worlds.documents(models: models)
    var checks = CheckGenerator(documents: documents, seed: seed)
    var rest = checkCount
    try compare(documents, title: "seed \(seed)") {
      rest -= 1
      return rest < 0 ? nil : checks.next()
    }
  }

  /// Compares every check of an exhaustive world.
  public mutating func compare(_ world: ExhaustiveWorld) throws {
    var checks: [ReferenceCheck] = []
    world.forEachCheck { checks.append($0) }
    var index = 0
    try compare([world.document], title: world.title) {
      index += 1
      return index > checks.count ? nil : checks[index - 1]
    }
  }

  /// Adds what another has compared.
  public mutating func add(_ other: Agreement) {
    counts.merge(other.counts) { $0 + $1 }
    wayCounts.merge(other.wayCounts) { $0 + $1 }
    checkCount += other.checkCount
    worldCount += other.worldCount
    disagreementCount += other.disagreementCount
    disagreements += other.disagreements.prefix(Agreement.keptCountMax - disagreements.count)
  }

  private mutating func compare(
    _ documents: [PolicyDocument], title: String, next: () -> ReferenceCheck?
  ) throws {
    let reference = ReferenceInterpreter(documents: documents)
    let engine = try CompiledWorld(documents)
    var batch = ColumnBatch()
    var waiting: [(check: ReferenceCheck, expected: ReferenceAnswer)] = []
    var number = 0
    worldCount += 1

    func disagreement(
      _ check: ReferenceCheck, _ way: CompiledWorld.Way, _ expected: ReferenceAnswer,
      _ actual: ReferenceAnswer
    ) -> Disagreement {
      Disagreement(
        title: title, documents: documents, check: check, way: way, expected: expected,
        actual: actual)
    }
    func askInColumns() {
      let answers = engine.decideInColumns(waiting.map(\.check), with: &batch)
      for (item, answer) in zip(waiting, answers) {
        count(.columns, answer, item.expected) {
          disagreement(item.check, .columns, item.expected, $0)
        }
      }
      waiting.removeAll(keepingCapacity: true)
    }

    while let check = next() {
      let expected = reference.decide(check)
      counts[expected.effect, default: 0] += 1
      checkCount += 1
      number += 1
      count(.texts, engine.decide(check), expected) { disagreement(check, .texts, expected, $0) }
      switch number % 4 {
      case 0:
        count(.numbers, engine.decideByNumbers(check), expected) {
          disagreement(check, .numbers, expected, $0)
        }
      case 1:
        count(.ids, engine.decideByIDs(check), expected) {
          disagreement(check, .ids, expected, $0)
        }
      case 2:
        waiting.append((check, expected))
        if waiting.count == Agreement.columnCount { askInColumns() }
      default: break
      }
    }
    askInColumns()
  }

  private mutating func count(
    _ way: CompiledWorld.Way, _ actual: ReferenceAnswer?, _ expected: ReferenceAnswer,
    _ disagreement: (ReferenceAnswer) -> Disagreement
  ) {
    guard let actual else { return }
    wayCounts[way, default: 0] += 1
    if actual == expected { return }
    disagreementCount += 1
    if disagreements.count < Agreement.keptCountMax {
      disagreements.append(disagreement(actual))
    }
  }
}
