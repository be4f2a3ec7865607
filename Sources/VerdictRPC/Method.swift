/// The methods that the server answers, with their paths.
public enum Method: UInt8, Sendable, CaseIterable {
  case authorize = 1
  case checkVisibility = 2
  case getServerInfo = 3
  case healthCheck = 4
  case explain = 5
  case getEffectivePolicy = 6
  case listResources = 7
  case listPrincipals = 8
  /// No call of gRPC but a page, for a plain `GET`.
  case healthPage = 9
  case externalAuthorization = 10
  /// `Authorize` for each message of a stream.
  case authorizeStream = 11
  case watchSnapshots = 12
  case healthWatch = 13
  case healthList = 14
  case reflect = 15
  case reflectAlpha = 16
  case getShadowReport = 17

  /// The `:path` of a call, compared byte for byte.
  public var path: String {
    switch self {
    case .authorize: "/verdict.v1.DecisionService/Authorize"
    case .checkVisibility: "/verdict.v1.DecisionService/CheckVisibility"
    case .getServerInfo: "/verdict.v1.DecisionService/GetServerInfo"
    case .healthCheck: "/grpc.health.v1.Health/Check"
    case .explain: "/verdict.v1.InspectionService/Explain"
    case .getEffectivePolicy: "/verdict.v1.InspectionService/GetEffectivePolicy"
    case .listResources: "/verdict.v1.InspectionService/ListResources"
    case .listPrincipals: "/verdict.v1.InspectionService/ListPrincipals"
    case .getShadowReport: "/verdict.v1.InspectionService/GetShadowReport"
    case .healthPage: "/healthz"
    case .externalAuthorization: "/envoy.service.auth.v3.Authorization/Check"
    case .authorizeStream: "/verdict.v1.DecisionService/AuthorizeStream"
    case .watchSnapshots: "/verdict.v1.DecisionService/WatchSnapshots"
    case .healthWatch: "/grpc.health.v1.Health/Watch"
    case .healthList: "/grpc.health.v1.Health/List"
    case .reflect: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
    case .reflectAlpha: "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    }
  }

  /// Whether the method is of the inspection service, which some listeners don't serve and which
  /// is answered by workers.
  public var isInspection: Bool {
    switch self {
    case .explain, .getEffectivePolicy, .listResources, .listPrincipals, .getShadowReport: true
    default: false
    }
  }

  /// Whether the answer goes on as long as the caller listens: told at once, and at every change.
  public var isWatch: Bool { self == .watchSnapshots || self == .healthWatch }

  /// The services by their full names, as health checks name them.
  public static let services =
    RPCService.allCases.map(\.fullName) + ["grpc.reflection.v1alpha.ServerReflection"]
}
