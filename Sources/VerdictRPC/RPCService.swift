/// The services, as operators name them.
public enum RPCService: UInt8, Sendable, CaseIterable {
  case decision = 0
  case inspection = 1
  case health = 2
  /// Envoy's external authorization.
  case gateway = 3
  /// In both of its versions.
  case reflection = 4

  /// In flags and logs.
  public var shortName: String {
    switch self {
    case .decision: "decision"
    case .inspection: "inspection"
    case .health: "health"
    case .gateway: "gateway"
    case .reflection: "reflection"
    }
  }

  /// On the wire.
  public var fullName: String {
    switch self {
    case .decision: "verdict.v1.DecisionService"
    case .inspection: "verdict.v1.InspectionService"
    case .health: "grpc.health.v1.Health"
    case .gateway: "envoy.service.auth.v3.Authorization"
    case .reflection: "grpc.reflection.v1.ServerReflection"
    }
  }

  /// Its place in a mask.
  public var bit: UInt8 { 1 << rawValue }
}

extension Method {
  public var service: RPCService {
    switch self {
    case .authorize, .authorizeStream, .checkVisibility, .getServerInfo, .watchSnapshots: .decision
    case .healthCheck, .healthPage, .healthWatch, .healthList: .health
    case .externalAuthorization: .gateway
    case .reflect, .reflectAlpha: .reflection
    case .explain, .getEffectivePolicy, .listResources, .listPrincipals, .getShadowReport:
      .inspection
    }
  }
}
