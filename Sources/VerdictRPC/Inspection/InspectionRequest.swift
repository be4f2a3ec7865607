internal import CProtobufC
internal import CVerdictProto
public import VerdictModel

/// A request of the inspection service, as it lies in the arena: the fields that its method has,
/// the others empty. Valid until the arena is reset.
public struct InspectionRequest {
  public private(set) var organization = ByteView()
  public private(set) var principal = ByteView()
  public private(set) var workspace = ByteView()
  public private(set) var action = ByteView()
  /// `TYPE/ID`; for `ListResources` a type.
  public private(set) var resource = ByteView()
  public private(set) var target = ByteView()
  public private(set) var pageItemCountMax = 0
  public private(set) var pageToken = ByteView()

  /// Unpacks a request, or answers nil: unreadable, or too large for the arena.
  ///
  /// - Precondition: a method of the inspection service.
  public init?(_ method: Method, _ bytes: ByteView, in arena: borrowing MessageArena) {
    // SAFETY of all cases: an unpacked message, alive as long as the arena.
    switch method {
    case .explain:
      guard
        let message = unsafe verdict__v1__explain_request__unpack(
          arena.allocator, bytes.count, bytes.cBytes)
      else { return nil }
      organization = unsafe ByteView(message.pointee.organization)
      guard let check = unsafe message.pointee.check else { return }
      principal = unsafe ByteView(check.pointee.principal)
      workspace = unsafe ByteView(check.pointee.workspace)
      action = unsafe ByteView(check.pointee.action)
      resource = unsafe ByteView(check.pointee.resource)
      target = unsafe ByteView(check.pointee.target)
    case .getEffectivePolicy:
      guard
        let message = unsafe verdict__v1__get_effective_policy_request__unpack(
          arena.allocator, bytes.count, bytes.cBytes)
      else { return nil }
      organization = unsafe ByteView(message.pointee.organization)
      principal = unsafe ByteView(message.pointee.principal)
      workspace = unsafe ByteView(message.pointee.workspace)
    case .listResources:
      guard
        let message = unsafe verdict__v1__list_resources_request__unpack(
          arena.allocator, bytes.count, bytes.cBytes)
      else { return nil }
      organization = unsafe ByteView(message.pointee.organization)
      principal = unsafe ByteView(message.pointee.principal)
      workspace = unsafe ByteView(message.pointee.workspace)
      action = unsafe ByteView(message.pointee.action)
      resource = unsafe ByteView(message.pointee.resource_type)
      target = unsafe ByteView(message.pointee.target)
      pageItemCountMax = unsafe Int(message.pointee.page_size)
      pageToken = unsafe ByteView(message.pointee.page_token)
    case .listPrincipals:
      guard
        let message = unsafe verdict__v1__list_principals_request__unpack(
          arena.allocator, bytes.count, bytes.cBytes)
      else { return nil }
      organization = unsafe ByteView(message.pointee.organization)
      workspace = unsafe ByteView(message.pointee.workspace)
      action = unsafe ByteView(message.pointee.action)
      resource = unsafe ByteView(message.pointee.resource)
      target = unsafe ByteView(message.pointee.target)
      pageItemCountMax = unsafe Int(message.pointee.page_size)
      pageToken = unsafe ByteView(message.pointee.page_token)
    case .getShadowReport:
      guard
        let message = unsafe verdict__v1__get_shadow_report_request__unpack(
          arena.allocator, bytes.count, bytes.cBytes)
      else { return nil }
      pageItemCountMax = unsafe Int(message.pointee.item_count_max)
    default:
      preconditionFailure("not a method of the inspection service")
    }
  }
}
