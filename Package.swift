// swift-tools-version: 6.2

import PackageDescription

/// Every Swift target is held to the same rules; see ARCHITECTURE.md, "House rules".
let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let strictC: [CSetting] = [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: house)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["VerdictTestKit"], swiftSettings: house)
}

let package = Package(
  name: "verdict",
  products: [
    .executable(name: "verdict", targets: ["verdict"]),
    .library(name: "VerdictClient", targets: ["VerdictClient"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    // C libraries from Debian, and the little C that Swift cannot import.
    .systemLibrary(
      name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    .systemLibrary(
      name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLibyaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CCjose", pkgConfig: "cjose", providers: [.apt(["libcjose-dev"])]),
    .systemLibrary(name: "CHTTPParser", providers: [.apt(["libhttp-parser-dev"])]),
    .target(name: "CVerdictSystem", cSettings: strictC),
    .target(name: "CVerdictProto", dependencies: ["CProtobufC"], cSettings: strictC),

    // Rooms, from the ground up: an arrow only ever points to an earlier line.
    room("VerdictModel"),
    room("VerdictSystem", ["CVerdictSystem"]),
    room("VerdictCrypto", ["VerdictModel", "COpenSSL"]),
    room("VerdictTLS", ["VerdictModel", "COpenSSL"]),
    room("VerdictJWT", ["VerdictModel", "CCjose"]),
    .target(
      name: "VerdictPolicy", dependencies: ["VerdictModel", "CLibyaml"],
      // `models` is a link to the repository's folder of access models.
      resources: [
        .embedInCode("models/rudderstack.yaml"), .embedInCode("models/segment.yaml"),
        .embedInCode("models/rudderstack.routes.yaml"),
      ],
      swiftSettings: house),
    room("VerdictLog", ["VerdictModel", "VerdictSystem", "VerdictCrypto"]),
    room("VerdictSettings", ["VerdictModel", "VerdictSystem", "VerdictPolicy", "VerdictLog"]),
    room("VerdictRoutes", ["VerdictModel"]),
    room("VerdictSnapshot", ["VerdictModel", "VerdictCrypto", "CVerdictSystem"]),
    room("VerdictEngine", ["VerdictModel", "VerdictSnapshot"]),
    room("VerdictCompiler", ["VerdictModel", "VerdictPolicy", "VerdictRoutes", "VerdictSnapshot"]),
    room(
      "VerdictControl",
      [
        "VerdictModel", "VerdictSystem", "VerdictCrypto", "VerdictRoutes", "VerdictSnapshot",
        "VerdictEngine",
      ]),
    room("VerdictHTTP2", ["VerdictModel", "CNghttp2", "CZlib"]),
    room("VerdictHTTP1", ["VerdictModel", "CHTTPParser"]),
    .target(
      name: "VerdictRPC", dependencies: ["VerdictModel", "CVerdictProto", "CProtobufC"],
      // What reflection tells; made by `make proto`.
      resources: [.embedInCode("descriptors.binpb")], swiftSettings: house),
    room(
      "VerdictGateway",
      [
        "VerdictModel", "VerdictCrypto", "VerdictJWT", "VerdictRoutes", "VerdictSnapshot",
        "VerdictEngine", "VerdictRPC",
      ]),
    room(
      "VerdictClient",
      ["VerdictModel", "VerdictSystem", "VerdictTLS", "VerdictHTTP2", "VerdictRPC"]),
    room(
      "VerdictServer",
      [
        "VerdictModel", "VerdictSystem", "VerdictCrypto", "VerdictEngine", "VerdictSnapshot",
        "VerdictControl", "VerdictTLS", "VerdictLog", "VerdictHTTP1", "VerdictHTTP2",
        "VerdictRPC", "VerdictGateway", "VerdictJWT",
      ]),
    room("VerdictAdmin", ["VerdictModel", "VerdictSystem", "VerdictHTTP1"]),
    .executableTarget(
      name: "verdict",
      dependencies: [
        "VerdictModel", "VerdictSystem", "VerdictCrypto", "VerdictPolicy", "VerdictSnapshot",
        "VerdictEngine", "VerdictRoutes", "VerdictCompiler", "VerdictControl", "VerdictTLS",
        "VerdictHTTP2", "VerdictClient", "VerdictGateway", "VerdictJWT", "VerdictServer",
        "VerdictSettings", "VerdictAdmin", "VerdictLog",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: house),

    .executableTarget(
      name: "verdict-pii-page", dependencies: ["VerdictClient", "VerdictModel", "VerdictRPC"],
      path: "examples/pii/swift", swiftSettings: house),

    // Never linked into the product.
    room(
      "VerdictTestKit",
      [
        "VerdictModel", "VerdictSystem", "VerdictPolicy", "VerdictSnapshot", "VerdictCompiler",
        "VerdictEngine", "CLibyaml", "CNghttp2",
      ]),
    .executableTarget(
      name: "verdict-bench",
      dependencies: [
        "VerdictModel", "VerdictPolicy", "VerdictSnapshot", "VerdictCompiler", "VerdictEngine",
        "VerdictRoutes", "VerdictRPC", "VerdictGateway", "VerdictSystem", "VerdictTestKit",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Benchmarks/verdict-bench", swiftSettings: house),
    .executableTarget(
      name: "verdict-prove",
      dependencies: [
        "VerdictModel", "VerdictPolicy", "VerdictSystem", "VerdictTestKit",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Proof/verdict-prove", swiftSettings: house),
    .target(
      name: "VerdictFuzz",
      dependencies: [
        "VerdictModel", "VerdictSystem", "VerdictPolicy", "VerdictSnapshot", "VerdictEngine",
        "VerdictCompiler", "VerdictControl", "VerdictHTTP1", "VerdictHTTP2", "VerdictRPC",
        "VerdictRoutes", "VerdictJWT", "VerdictGateway", "VerdictClient", "VerdictServer",
        "VerdictTestKit", "CCjose",
      ],
      path: "Tests/Fuzz/VerdictFuzz", swiftSettings: house),
    tests("VerdictModelTests", ["VerdictModel"]),
    tests("VerdictSystemTests", ["VerdictSystem"]),
    tests("VerdictPolicyTests", ["VerdictPolicy", "VerdictModel"]),
    tests("VerdictSettingsTests", ["VerdictSettings", "VerdictSystem", "VerdictPolicy"]),
    tests("VerdictJWTTests", ["VerdictJWT", "VerdictModel"]),
    tests(
      "VerdictGatewayTests",
      [
        "VerdictGateway", "VerdictRPC", "VerdictModel", "VerdictControl", "VerdictCompiler",
        "VerdictCrypto", "VerdictEngine", "VerdictPolicy",
      ]),
    tests(
      "VerdictRoutesTests", ["VerdictRoutes", "VerdictModel", "VerdictPolicy", "VerdictCompiler"]),
    tests(
      "VerdictSnapshotTests",
      ["VerdictSnapshot", "VerdictModel", "VerdictCompiler", "VerdictPolicy", "VerdictEngine"]),
    tests(
      "VerdictEngineTests",
      [
        "VerdictEngine", "VerdictSnapshot", "VerdictModel", "VerdictCompiler", "VerdictPolicy",
        "VerdictSystem",
      ]),
    tests(
      "VerdictCompilerTests",
      ["VerdictCompiler", "VerdictSnapshot", "VerdictModel", "VerdictPolicy"]),
    tests(
      "VerdictControlTests",
      [
        "VerdictControl", "VerdictSystem", "VerdictCrypto", "VerdictSnapshot", "VerdictEngine",
        "VerdictModel", "VerdictCompiler", "VerdictPolicy",
      ]),
    tests("VerdictLogTests", ["VerdictLog", "VerdictModel", "VerdictSystem"]),
    tests("VerdictHTTP1Tests", ["VerdictHTTP1", "VerdictModel"]),
    tests("VerdictHTTP2Tests", ["VerdictHTTP2", "VerdictModel", "CNghttp2", "CZlib"]),
    tests("VerdictRPCTests", ["VerdictRPC", "VerdictModel", "CVerdictProto", "CProtobufC"]),
    tests("VerdictClientTests", ["VerdictClient", "VerdictRPC", "VerdictModel"]),
    tests(
      "VerdictCommandTests",
      [
        "verdict", "VerdictServer", "VerdictClient", "VerdictRPC", "VerdictControl",
        "VerdictModel", "VerdictSystem", "VerdictCrypto", "VerdictPolicy", "VerdictSettings",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    tests(
      "VerdictServerTests",
      [
        "VerdictServer", "VerdictClient", "VerdictControl", "VerdictModel", "VerdictSystem",
        "VerdictEngine", "VerdictGateway", "VerdictRPC", "VerdictHTTP2",
      ]),
  ]
)
