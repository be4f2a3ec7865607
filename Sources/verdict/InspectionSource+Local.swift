internal import VerdictEngine
internal import VerdictModel

extension LocalSnapshots: InspectionSource {
  func explain(_ check: Check) throws(CommandFailure) -> Explanation {
    withQuestion(check) { question, organization in
      set.explain(question, organization: organization)
    }
  }

  func effectivePolicy(
    of principal: String, in workspace: String?, organization: String?
  ) throws(CommandFailure) -> EffectivePolicy {
    withQuestion(
      Check(
        organization: organization, principal: principal, workspace: workspace, action: "")
    ) { question, organization in
      set.effectivePolicy(
        of: question.principal, in: question.workspace, organization: organization)
    }
  }

  func listResources(
    _ check: Check, pageToken: String
  ) throws(CommandFailure) -> ResourcePage {
    try page(check, pageToken) { question, page, organization throws(PageFault) in
      try set.listResources(question, page, organization: organization)
    }
  }

  func listPrincipals(
    _ check: Check, pageToken: String
  ) throws(CommandFailure) -> PrincipalPage {
    try page(check, pageToken) { question, page, organization throws(PageFault) in
      try set.listPrincipals(question, page, organization: organization)
    }
  }

  private func page<Page>(
    _ check: Check, _ token: String,
    _ body: (Question, PageRequest, ByteView) throws(PageFault) -> Page
  ) throws(CommandFailure) -> Page {
    let result: Result<Page, PageFault> = withQuestion(check) { question, organization in
      token.withByteView { token in
        let request = PageRequest(itemCountMax: Limits.pageItemCountMax, token: token)
        return Result { () throws(PageFault) in try body(question, request, organization) }
      }
    }
    switch result {
    case .success(let page): return page
    case .failure(let fault): throw CommandFailure(fault.message)
    }
  }

  private func withQuestion<R>(_ check: Check, _ body: (Question, ByteView) -> R) -> R {
    (check.organization ?? "").withByteView { organization in
      check.withQuestion { body($0, organization) }
    }
  }
}
