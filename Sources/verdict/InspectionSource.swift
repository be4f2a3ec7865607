internal import VerdictModel

/// Where explanations and lists come from. Whatever the source, the same policies give the same.
protocol InspectionSource {
  func explain(_ check: Check) throws(CommandFailure) -> Explanation

  func effectivePolicy(
    of principal: String, in workspace: String?, organization: String?
  ) throws(CommandFailure) -> EffectivePolicy

  /// - Parameter check: its resource is a type.
  func listResources(
    _ check: Check, pageToken: String
  ) throws(CommandFailure) -> ResourcePage

  /// - Parameter check: its principal is not looked at.
  func listPrincipals(
    _ check: Check, pageToken: String
  ) throws(CommandFailure) -> PrincipalPage
}

extension CheckOrigin {
  func inspectionSource() throws(CommandFailure) -> any InspectionSource {
    if let server { return try ServerInspection(server.address, security.security) }
    return try snapshots()
  }
}
