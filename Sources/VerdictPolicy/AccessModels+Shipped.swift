extension AccessModels {
  /// The files of `models/`, embedded into the binary by the build.
  static var shippedFiles: [(path: String, bytes: [UInt8])] {
    [
      ("models/rudderstack.yaml", PackageResources.rudderstack_yaml),
      ("models/segment.yaml", PackageResources.segment_yaml),
    ]
  }
}
