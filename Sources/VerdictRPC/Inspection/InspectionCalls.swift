internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

// SAFETY of this file: as in `SharedMessages.swift`.

/// Requests of the inspection service, to be sent. Each is nil where it would be too large for any
/// server.
public enum InspectionCall {
  /// An `ExplainRequest`.
  public static func explain(_ check: Check) -> [UInt8]? {
    ClientMessage.packed { arena in
      guard let message = unsafe AuthorizeCall.message(check, in: arena),
        let organization = unsafe arena.data(check.organization ?? "")
      else { return nil }
      var request = unsafe Verdict__V1__ExplainRequest()
      unsafe verdict__v1__explain_request__init(&request)
      unsafe request.organization = organization
      unsafe request.check = message
      return unsafe bytes(verdict__v1__explain_request__get_packed_size(&request)) {
        unsafe _ = verdict__v1__explain_request__pack(&request, $0)
      }
    }
  }

  /// A `GetEffectivePolicyRequest`.
  public static func effectivePolicy(
    of principal: String, in workspace: String, organization: String
  ) -> [UInt8]? {
    ClientMessage.packed { arena in
      guard let principal = unsafe arena.data(principal),
        let workspace = unsafe arena.data(workspace),
        let organization = unsafe arena.data(organization)
      else { return nil }
      var request = unsafe Verdict__V1__GetEffectivePolicyRequest()
      unsafe verdict__v1__get_effective_policy_request__init(&request)
      unsafe request.organization = organization
      unsafe request.principal = principal
      unsafe request.workspace = workspace
      return unsafe bytes(verdict__v1__get_effective_policy_request__get_packed_size(&request)) {
        unsafe _ = verdict__v1__get_effective_policy_request__pack(&request, $0)
      }
    }
  }

  /// A `ListResourcesRequest`; the check's resource is a type.
  public static func resources(
    _ check: Check, pageItemCountMax: Int, pageToken: String
  ) -> [UInt8]? {
    ClientMessage.packed { arena in
      guard let parts = unsafe AuthorizeCall.message(check, in: arena),
        let organization = unsafe arena.data(check.organization ?? ""),
        let token = unsafe arena.data(pageToken)
      else { return nil }
      var request = unsafe Verdict__V1__ListResourcesRequest()
      unsafe verdict__v1__list_resources_request__init(&request)
      unsafe request.organization = organization
      unsafe request.principal = parts.pointee.principal
      unsafe request.workspace = parts.pointee.workspace
      unsafe request.action = parts.pointee.action
      unsafe request.resource_type = parts.pointee.resource
      unsafe request.target = parts.pointee.target
      unsafe request.page_size = UInt32(clamping: pageItemCountMax)
      unsafe request.page_token = token
      return unsafe bytes(verdict__v1__list_resources_request__get_packed_size(&request)) {
        unsafe _ = verdict__v1__list_resources_request__pack(&request, $0)
      }
    }
  }

  /// A `ListPrincipalsRequest`; the check's principal is not sent.
  public static func principals(
    _ check: Check, pageItemCountMax: Int, pageToken: String
  ) -> [UInt8]? {
    ClientMessage.packed { arena in
      guard let parts = unsafe AuthorizeCall.message(check, in: arena),
        let organization = unsafe arena.data(check.organization ?? ""),
        let token = unsafe arena.data(pageToken)
      else { return nil }
      var request = unsafe Verdict__V1__ListPrincipalsRequest()
      unsafe verdict__v1__list_principals_request__init(&request)
      unsafe request.organization = organization
      unsafe request.workspace = parts.pointee.workspace
      unsafe request.action = parts.pointee.action
      unsafe request.resource = parts.pointee.resource
      unsafe request.target = parts.pointee.target
      unsafe request.page_size = UInt32(clamping: pageItemCountMax)
      unsafe request.page_token = token
      return unsafe bytes(verdict__v1__list_principals_request__get_packed_size(&request)) {
        unsafe _ = verdict__v1__list_principals_request__pack(&request, $0)
      }
    }
  }

  /// A `GetShadowReportRequest`.
  public static func shadowReport(itemCountMax: Int) -> [UInt8]? {
    var request = unsafe Verdict__V1__GetShadowReportRequest()
    unsafe verdict__v1__get_shadow_report_request__init(&request)
    unsafe request.item_count_max = UInt32(clamping: itemCountMax)
    return unsafe bytes(verdict__v1__get_shadow_report_request__get_packed_size(&request)) {
      unsafe _ = verdict__v1__get_shadow_report_request__pack(&request, $0)
    }
  }

  private static func bytes(
    _ byteCount: Int, _ pack: (UnsafeMutablePointer<UInt8>) -> Void
  ) -> [UInt8]? {
    guard byteCount <= Limits.messageByteCountMax else { return nil }
    return unsafe ClientMessage.bytes(count: byteCount, pack)
  }
}
