internal import VerdictClient
internal import VerdictModel
internal import VerdictSystem

/// Asks a running server.
struct ServerInspection: InspectionSource {
  private let address: SocketAddress
  private let client: DecisionClient

  init(_ address: SocketAddress, _ security: ClientSecurity? = nil) throws(CommandFailure) {
    self.address = address
    do throws(ClientError) {
      client = try DecisionClient(address: address.description, security: security)
    } catch {
      throw CheckSource.failure(error, address)
    }
  }

  func explain(_ check: Check) throws(CommandFailure) -> Explanation {
    try asking { client throws(ClientError) in try client.explain(check) }
  }

  func effectivePolicy(
    of principal: String, in workspace: String?, organization: String?
  ) throws(CommandFailure) -> EffectivePolicy {
    try asking { client throws(ClientError) in
      try client.effectivePolicy(
        of: principal, in: workspace ?? "", organization: organization ?? "")
    }
  }

  func listResources(_ check: Check, pageToken: String) throws(CommandFailure) -> ResourcePage {
    try asking { client throws(ClientError) in
      try client.listResources(
        check, pageItemCountMax: Limits.pageItemCountMax, pageToken: pageToken)
    }
  }

  func listPrincipals(_ check: Check, pageToken: String) throws(CommandFailure) -> PrincipalPage {
    try asking { client throws(ClientError) in
      try client.listPrincipals(
        check, pageItemCountMax: Limits.pageItemCountMax, pageToken: pageToken)
    }
  }

  func shadowReport(rows: Int) throws(CommandFailure) -> ShadowReport {
    try asking { client throws(ClientError) in try client.shadowReport(itemCountMax: rows) }
  }

  private func asking<Value>(
    _ body: (DecisionClient) throws(ClientError) -> Value
  ) throws(CommandFailure) -> Value {
    do throws(ClientError) {
      return try body(client)
    } catch {
      throw CheckSource.failure(error, address)
    }
  }
}
