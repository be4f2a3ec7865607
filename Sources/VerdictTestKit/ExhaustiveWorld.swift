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

  /// How many forms of scope are tried.
  public enum Depth: Sendable {
    /// Absent, this one, the future, all.
    case brief
    /// Also the empty set, another one, and this one with the future.
    case full
  }

  /// How many checks there are.
  public var count: Int { principals.count * operands.count }

  public func forEachCheck(_ body: (ReferenceCheck) -> Void) {
    // A personal token's own workspace is the one that is asked about.
    for principal in principals {
      let names = principal.starts(with: "personal_token:".utf8)
      for operand in operands {
        body(
          ReferenceCheck(
            principal: principal, workspace: names ? nil : ExhaustiveWorld.workspace,
            action: action, resource: operand.resource, target: operand.target))
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
    for action in model.actions {
      guard case .workspace(let rule) = action.rule else { continue }
      for requirement in rule.cases {
        let targets: [Int?] =
          switch requirement.target {
          case .none: [nil]
          case .required: requirement.targetTypes
          case .optional: [nil] + requirement.targetTypes
          }
        for target in targets {
          let question = ExhaustiveQuestion(
            model: model, action: action.name, rule: rule, requirement: requirement,
            targetType: target, depth: depth, unknown: unknown)
          switch model.access {
          case .roles: try body(question.rolesWorld())
          case .policies:
            try body(question.membersWorld())
            var symbols = SymbolTable()
            for baseline in question.policies(&symbols).indices {
              try body(question.tokensWorld(baseline: baseline))
            }
          }
        }
      }
    }
  }
}
