/// The version of the product: what `verdict version` prints, servers report, and manifests name as
/// the compiler's. Semantic versioning; CHANGELOG.md tells what each one changed.
public enum ProductVersion {
  public static let text = "0.1.0"
}
