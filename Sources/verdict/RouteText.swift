internal import VerdictModel
internal import VerdictRoutes

/// A compiled route in words.
struct RouteText {
  let table: RouteTable
  let route: Route
  /// A request's, whose segments are filled in; nil: the template's names stand there.
  let path: RequestPath?

  var lines: [String] {
    var lines = ["\(route.method.text) \(route.template.text)"]
    for index in route.conditions { lines.append("  \(condition(index))") }
    if route.has(RouteFlag.isPublic) { lines.append("  public: everybody may") }
    for index in route.checks { lines.append("  needs \(check(index))") }
    for index in route.workspaceSources {
      lines.append("  in workspace \(source(table.source(index)))")
    }
    if route.has(RouteFlag.needsBody) { lines.append("  reads the body, which has to be JSON") }
    let kinds = PrincipalKind.allCases.filter(route.admits)
    if kinds.count < PrincipalKind.allCases.count {
      let names = kinds.map { String($0.prefix.dropLast()) }.joined(separator: ", ")
      lines.append("  only for \(names)")
    }
    let namesResources = route.checks.contains { table.check($0).resource >= 0 }
    if namesResources {
      lines.append(
        route.has(RouteFlag.deniesUnknown)
          ? "  unknown resources are denied"
          : "  unknown resources are as the organization's document says")
    }
    return lines
  }

  private func condition(_ index: Int) -> String {
    let condition = table.condition(index)
    let word = condition.flags & RouteConditionFlag.isNegated != 0 ? "unless" : "when"
    let source = source(table.source(condition.source))
    if condition.flags & RouteConditionFlag.isPresence != 0 { return "\(word) there is \(source)" }
    let values = condition.values.map { table.value($0).text }.joined(separator: " or ")
    return "\(word) \(source) is \(values)"
  }

  private func check(_ index: Int) -> String {
    let check = table.check(index)
    var words = [check.action.text]
    for operand in [check.resource, check.target] where operand >= 0 {
      words.append(self.operand(table.operand(operand)))
    }
    return words.joined(separator: " ")
  }

  private func operand(_ operand: RouteOperand) -> String {
    var head = operand.types.map { table.value($0).text }.joined(separator: "|")
    if operand.form == .connection { head = "connection" }
    if operand.typeSource >= 0 {
      head = "the type that \(source(table.source(operand.typeSource))) is"
    }
    switch operand.form {
    case .type: return head
    case .new: return "\(head)/*"
    case .linkedToTarget: return "\(head)/@target"
    case .id, .connection: return "\(head)/\(source(table.source(operand.idSource)))"
    }
  }

  private func source(_ source: RouteSource) -> String {
    switch source.kind {
    case .segment: segment(source.segment)
    case .query: "{query.\(source.name.text)}"
    case .header: "{header.\(source.name.text)}"
    case .context: "{context.\(source.name.text)}"
    case .body:
      "{body\(source.steps.map { table.step($0).map { "." + $0.text } ?? "[]" }.joined())}"
    }
  }

  private func segment(_ index: Int) -> String {
    if let path { return path[index].text }
    let segments = route.template.text.split(separator: "/", omittingEmptySubsequences: false)
    // The first is what stands before the first slash.
    return index + 1 < segments.count ? String(segments[index + 1]) : "{segment \(index)}"
  }
}
