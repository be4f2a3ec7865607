public import VerdictModel

/// The questions of an inspection, asked of the set of organizations that is served.
extension SnapshotSet {
  /// - Parameter organization: empty where only one is loaded.
  public func explain(_ question: Question, organization: ByteView) -> Explanation {
    let place = find(organization)
    guard place >= 0 else {
      var result = Explanation(
        answer: AnswerWriter.answer(.unknownOrganization),
        principal: InspectedPrincipal(rank: .unknown))
      result.obstacle = unknownOrganization(organization)
      return result
    }
    return Engine.explain(question, in: self[place].view)
  }

  public func effectivePolicy(
    of principal: ByteView, in workspace: ByteView, organization: ByteView
  ) -> EffectivePolicy {
    let place = find(organization)
    guard place >= 0 else {
      var result = EffectivePolicy(principal: InspectedPrincipal(rank: .unknown))
      result.refusal = AnswerWriter.answer(.unknownOrganization)
      return result
    }
    return Engine.effectivePolicy(of: principal, in: workspace, self[place].view)
  }

  public func listResources(
    _ question: Question, _ page: PageRequest, organization: ByteView
  ) throws(PageFault) -> ResourcePage {
    let place = find(organization)
    guard place >= 0 else {
      var result = ResourcePage()
      result.refusal = AnswerWriter.answer(.unknownOrganization)
      return result
    }
    return try Engine.listResources(question, page, in: self[place].view)
  }

  public func listPrincipals(
    _ question: Question, _ page: PageRequest, organization: ByteView
  ) throws(PageFault) -> PrincipalPage {
    let place = find(organization)
    guard place >= 0 else {
      var result = PrincipalPage()
      result.refusal = AnswerWriter.answer(.unknownOrganization)
      return result
    }
    return try Engine.listPrincipals(question, page, in: self[place].view)
  }

  private func unknownOrganization(_ name: ByteView) -> String {
    name.isEmpty
      ? "There are \(count) organizations; say which one is meant."
      : "No organization `\(name.text)` is loaded."
  }
}
