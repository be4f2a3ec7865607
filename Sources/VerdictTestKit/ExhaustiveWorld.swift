public import VerdictModel
public import VerdictPolicy

/// A small organization in which one action meets every way of granting what it reads, and every
/// kind of principal and resource to ask about.
///
/// Everything that a case's terms read is granted in every form of scope by each of two policies
/// that meet in one principal: a group's and a member's, or the baseline and a token's or
/// member's. A principal stands for every pair, so that one document holds all of them.
public struct ExhaustiveWorld {
  public let title: String
  public let document: PolicyDocument
  public let action: [UInt8]
  public let principals: [[UInt8]]
  /// What is asked about: known, known besides, unknown, elsewhere.
  public let operands: [Operands]

  public struct Operands {
    public var resource: [UInt8]?
    public var target: [UInt8]?
  }

  /// How much is tried: some hundred thousand checks, or some fifty million.
  public enum Depth: Sendable {
    /// Scopes absent, this one, the future and all; of two policies that meet every fifth pair, of
    /// baselines every ninth; one target type a case; rules that two actions share once.
    case brief
    /// Also the empty set, another one, and this one with the future; every pair of policies,
    /// every baseline, every target type, every action.
    case full
  }

  public func forEachCheck(_ body: (ReferenceCheck) -> Void) {
    for principal in principals {
      // A personal token has a workspace of its own, here the same one, and may leave it out.
      let mayLeaveOut = principal.starts(with: "personal_token:".utf8)
      for workspace in mayLeaveOut ? [nil, ExhaustiveWorld.workspace] : [ExhaustiveWorld.workspace]
      {
        for operand in operands {
          body(
            ReferenceCheck(
              principal: principal, workspace: workspace, action: action,
              resource: operand.resource, target: operand.target))
        }
      }
    }
  }

  static let workspace = Array("main".utf8)
  static let known = "known"
  static let besides = "besides"
  static let elsewhere = "elsewhere"
  static let unknown = "unknown"

  /// Every world of a model: each case of each workspace action with each type of target. With
  /// policies as members with groups, and as tokens under each baseline; with roles as members
  /// with two roles each.
  public static func forEach(
    model: AccessModel, depth: Depth, unknown: PolicyDocument.UnknownResources,
    _ body: (ExhaustiveWorld) throws -> Void
  ) rethrows {
    if let crowd = crowd(model: model) { try body(crowd) }
    for isLast in [false, true] {
      if let several = severalWorkspaces(model: model, isLast: isLast) { try body(several) }
    }
    var seen: [AccessModel.WorkspaceRule] = []
    for action in model.actions {
      guard case .workspace(let rule) = action.rule else { continue }
      if depth == .brief && seen.contains(rule) { continue }
      seen.append(rule)
      for requirement in rule.cases {
        for target in targets(of: requirement, depth) {
          let question = ExhaustiveQuestion(
            model: model, action: action.name, rule: rule, requirement: requirement,
            targetType: target, depth: depth, unknown: unknown)
          try question.forEachWorld(body)
        }
      }
    }
  }

  private static func targets(of requirement: AccessModel.Case, _ depth: Depth) -> [Int?] {
    let types = depth == .full ? requirement.targetTypes[...] : requirement.targetTypes.prefix(1)
    return switch requirement.target {
    case .none: [nil]
    case .required: Array(types)
    case .optional: [nil] + Array(types)
    }
  }
}
