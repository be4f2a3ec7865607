public import VerdictModel
public import VerdictSnapshot

/// Puts a decision into words: names instead of numbers, and one sentence for people.
///
/// Every way to ask (local, server, batch) uses this one writer, so that all give the same lines.
/// It allocates; a decision does not need it.
public struct AnswerWriter {
  let view: SnapshotView

  public init(view: SnapshotView) { self.view = view }

  /// The answer to a check that was decided.
  public func answer(_ decision: Decision, _ question: Question) -> CheckAnswer {
    CheckAnswer(
      reason: decision.reason, permission: permission(decision), operand: operand(decision),
      message: message(decision, question))
  }

  /// An answer without a snapshot, or before one is looked at.
  public static func answer(_ reason: Reason) -> CheckAnswer {
    CheckAnswer(reason: reason, message: reason.row.text)
  }

  /// The first missing term's permission, by name.
  public func permission(_ decision: Decision) -> String? {
    guard decision.permission != Decision.none else { return nil }
    return view.permissionName(Int(decision.permission)).text
  }

  /// `self`, `target` or `related:TYPE/ID`.
  public func operand(_ decision: Decision) -> String? {
    switch decision.operand {
    case .none: return nil
    case .self: return "self"
    case .target: return "target"
    case .related:
      let resources = view.table(.resources)
      let slot = Int(decision.relatedSlot)
      let type = view.typeName(Int(resources.slot(slot).tag)).text
      return "related:\(type)/\(resources.key(slot: slot).text)"
    }
  }

  /// One sentence for people, with the names of the permission and of the resource.
  public func message(_ decision: Decision, _ question: Question) -> String {
    switch decision.reason {
    case .missingPermission, .resourceNotInScope:
      return missing(decision, question)
    case .resourceInOtherWorkspace:
      return "\(capitalized(resource(decision, question))) belongs to another workspace."
    case .unknownResource:
      return "\(capitalized(resource(decision, question))) is not known, and unknown resources are "
        + "denied here."
    default:
      return decision.reason.row.text
    }
  }

  private func missing(_ decision: Decision, _ question: Question) -> String {
    let number = Int(decision.permission)
    let permission = view.permissionDisplay(number).text
    if view.isSwitch(number) { return "You don't have the \(permission) permission." }
    let object =
      decision.reason == .missingPermission
      ? plural(decision, question) : resource(decision, question)
    return "You don't have \(permission) permission for \(object)."
  }

  /// The resource that a decision names, for people: "destination Warehouse".
  private func resource(_ decision: Decision, _ question: Question) -> String {
    let named = namedOperand(decision, question)
    guard let type = named.type else { return "the resource" }
    if named.name.isEmpty { return "new \(view.typePlural(type).text)" }
    return "\(view.typeDisplay(type).text) \(named.name)"
  }

  private func plural(_ decision: Decision, _ question: Question) -> String {
    namedOperand(decision, question).type.map { view.typePlural($0).text } ?? "it"
  }

  private func namedOperand(
    _ decision: Decision, _ question: Question
  ) -> (type: Int?, name: String) {
    if decision.operand == .related {
      let slot = Int(decision.relatedSlot)
      return (
        Int(view.table(.resources).slot(slot).tag), view.displayName(slot: slot).text
      )
    }
    let text = decision.operand == .target ? question.target : question.resource
    let slash = text.firstIndex(of: UInt8(ascii: "/"))
    let type = view.findType(slash < 0 ? text : text[0..<slash])
    guard type >= 0 else { return (nil, "") }
    guard slash >= 0 else { return (type, "") }
    let id = text[slash + 1..<text.count]
    let slot = view.table(.resources).find(tag: UInt8(type), id)
    return (type, slot.isFound ? view.displayName(slot: slot.number).text : id.text)
  }

  private func capitalized(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst()
  }
}
