public import VerdictModel
internal import VerdictRPC

/// The inspection service: on for Unix sockets unless the server's operator says otherwise, and
/// `UNIMPLEMENTED` elsewhere.
extension DecisionClient {
  /// Why is this check decided as it is, and what would change that?
  public func explain(_ check: Check) throws(ClientError) -> Explanation {
    let reply = try answer(.explain, InspectionCall.explain(check))
    do throws(MalformedReply) {
      return try Explanation(decoding: reply)
    } catch {
      throw malformed(error)
    }
  }

  /// What may this principal do in this workspace, and through what?
  ///
  /// - Parameters:
  ///   - workspace: empty for a token's own.
  ///   - organization: empty where the server has one only.
  public func effectivePolicy(
    of principal: String, in workspace: String, organization: String = ""
  ) throws(ClientError) -> EffectivePolicy {
    let reply = try answer(
      .getEffectivePolicy,
      InspectionCall.effectivePolicy(
        of: principal, in: workspace, organization: organization))
    do throws(MalformedReply) {
      return try EffectivePolicy(decoding: reply)
    } catch {
      throw malformed(error)
    }
  }

  /// On which resources of a type may the check's principal do its action? One page.
  ///
  /// - Parameters:
  ///   - check: its resource is a type, without an id.
  ///   - pageToken: from the page before; empty for the first.
  public func listResources(
    _ check: Check, pageItemCountMax: Int = 0, pageToken: String = ""
  ) throws(ClientError) -> ResourcePage {
    let reply = try answer(
      .listResources,
      InspectionCall.resources(check, pageItemCountMax: pageItemCountMax, pageToken: pageToken))
    do throws(MalformedReply) {
      return try ResourcePage(decoding: reply)
    } catch {
      throw malformed(error)
    }
  }

  /// What would the staged set answer otherwise? A failure where the server compares nothing.
  ///
  /// - Parameter itemCountMax: of each list; 0: 100.
  public func shadowReport(itemCountMax: Int = 0) throws(ClientError) -> ShadowReport {
    let reply = try answer(
      .getShadowReport, InspectionCall.shadowReport(itemCountMax: itemCountMax))
    do throws(MalformedReply) {
      return try ShadowReport(decoding: reply)
    } catch {
      throw malformed(error)
    }
  }

  /// Who may do the check's action on its resource, and through what? One page.
  ///
  /// - Parameter check: its principal is not looked at.
  public func listPrincipals(
    _ check: Check, pageItemCountMax: Int = 0, pageToken: String = ""
  ) throws(ClientError) -> PrincipalPage {
    let reply = try answer(
      .listPrincipals,
      InspectionCall.principals(check, pageItemCountMax: pageItemCountMax, pageToken: pageToken))
    do throws(MalformedReply) {
      return try PrincipalPage(decoding: reply)
    } catch {
      throw malformed(error)
    }
  }
}
