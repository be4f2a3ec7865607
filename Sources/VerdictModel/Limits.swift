/// Every bound of the product in one place, with what happens when it is reached.
public enum Limits {
  /// Longest id in bytes. A longer one in a document is an error; in a check it is `invalid_id`.
  public static let idByteCountMax = 255

  /// Access model sizes. A model that exceeds one is refused when it is read.
  public static let resourceTypeCountMax = 64
  public static let permissionCountMax = 255
  public static let actionCountMax = 255
  public static let relationCountMax = 32

  /// Workspaces of one organization. More are a compile error.
  public static let workspaceCountMax = 65_535

  /// Checks of one `Authorize` request in the plain and in the columns form, and cells of one
  /// `CheckVisibility` request. More are `INVALID_ARGUMENT`.
  public static let plainCheckCountMax = 1_000
  public static let columnCheckCountMax = 10_000
  public static let visibilityCellCountMax = 1_000_000

  /// Longest request message in bytes. A longer one is `RESOURCE_EXHAUSTED`.
  public static let messageByteCountMax = 4 << 20
  /// Memory that one request may take while it is decoded, in bytes. More is `RESOURCE_EXHAUSTED`.
  public static let arenaByteCountMax = 16 << 20
  /// What an arena keeps between requests, in bytes.
  public static let arenaByteCountKept = 64 << 10
}
