internal import VerdictEngine
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// The inspection service, answered on workers: nothing here belongs to a loop.
extension Services {
  static func isInspection(_ method: UInt8) -> Bool {
    Method(rawValue: method)?.isInspection ?? false
  }

  static func serviceBit(of method: UInt8) -> UInt8 { service(of: method).bit }

  static var reflectionBit: UInt8 { RPCService.reflection.bit }

  static func serviceName(of method: UInt8) -> String { service(of: method).shortName }

  private static func service(of number: UInt8) -> RPCService {
    guard let method = Method(rawValue: number) else {
      preconditionFailure("the loop passes numbers of the method table")
    }
    return method.service
  }

  func inspect(method number: UInt8, message: ByteView, set: UInt) -> WorkerAnswer {
    guard let method = Method(rawValue: number), method.isInspection else {
      preconditionFailure("loops hand over inspections alone")
    }
    if method == .getShadowReport { return shadowReport(message) }
    // SAFETY: the worker holds its publication during the call.
    guard let set = unsafe SnapshotSet(bits: set) else {
      return WorkerAnswer(.unavailable, "no policies are loaded yet")
    }
    if set.isClosed {
      return WorkerAnswer(.unavailable, "the policies are too old to be decided by")
    }
    let arena = MessageArena()
    guard let request = InspectionRequest(method, message, in: arena) else {
      return arena.isExhausted
        ? WorkerAnswer(.resourceExhausted, "the message takes more memory than one request may")
        : WorkerAnswer(.internalError, "the message is not readable as this method's request")
    }
    guard let reply = Services.answer(method, request, set) else {
      return WorkerAnswer(.resourceExhausted, "the answer takes more memory than one request may")
    }
    return reply
  }

  /// nil: the reply is too large.
  private static func answer(
    _ method: Method, _ request: InspectionRequest, _ set: SnapshotSet
  ) -> WorkerAnswer? {
    let organization = request.organization
    let question = Question(
      principal: request.principal, workspace: request.workspace, action: request.action,
      resource: request.resource, target: request.target)
    let page = PageRequest(itemCountMax: request.pageItemCountMax, token: request.pageToken)
    let origin = origin(organization, set)
    do throws(PageFault) {
      let reply: [UInt8]?
      switch method {
      case .explain: reply = set.explain(question, organization: organization).packed(origin)
      case .getEffectivePolicy:
        reply = set.effectivePolicy(
          of: request.principal, in: request.workspace, organization: organization
        ).packed(origin)
      case .listResources:
        reply = try set.listResources(question, page, organization: organization).packed(origin)
      default:
        reply = try set.listPrincipals(question, page, organization: organization).packed(origin)
      }
      return reply.map { WorkerAnswer(reply: $0) }
    } catch {
      return WorkerAnswer(
        error == .staleToken ? .failedPrecondition : .invalidArgument, error.message)
    }
  }

  private static func origin(_ organization: ByteView, _ set: SnapshotSet) -> InspectionOrigin {
    let place = set.find(organization)
    guard place >= 0 else { return InspectionOrigin() }
    let found = set[place]
    return InspectionOrigin(
      snapshotDigest: [found.digest.0, found.digest.1, found.digest.2, found.digest.3].flatMap {
        word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }
      }, generation: found.generation)
  }
}
