/// Every bound of the product in one place, with what happens when it is reached.
public enum Limits {
  /// Longest id in bytes. A longer one in a document is an error; in a check it is `invalid_id`.
  @inlinable public static var idByteCountMax: Int { 255 }

  /// Access model sizes. A model that exceeds one is refused when it is read.
  @inlinable public static var resourceTypeCountMax: Int { 64 }
  @inlinable public static var permissionCountMax: Int { 255 }
  @inlinable public static var actionCountMax: Int { 255 }
  @inlinable public static var relationCountMax: Int { 32 }

  /// Workspaces of one organization. More are a compile error.
  @inlinable public static var workspaceCountMax: Int { 65_535 }
  /// Memory that the different effective policies of one organization may take while they are
  /// compiled, in bytes. More is a compile error.
  @inlinable public static var rightsByteCountMax: Int { 512 << 20 }

  /// Checks of one `Authorize` request in the plain and in the columns form, and cells of one
  /// `CheckVisibility` request. More are `INVALID_ARGUMENT`.
  @inlinable public static var plainCheckCountMax: Int { 1_000 }
  @inlinable public static var columnCheckCountMax: Int { 10_000 }
  @inlinable public static var visibilityCellCountMax: Int { 1_000_000 }

  /// Checks or cells that are decided in one go; larger requests are cut into slices of so many.
  @inlinable public static var sliceCheckCount: Int { 256 }
  /// Look-ups and texts that a `CheckVisibility` request may need before its first cell. One with
  /// more goes to a worker.
  @inlinable public static var visibilityPreparationCountMax: Int { 4_096 }
  /// Organizations that `GetServerInfo` lists at once. Where there are more, a worker does.
  @inlinable public static var listedOrganizationCountMax: Int { 64 }

  /// Ids that a scope lists when somebody asks what a principal may do. The number of all of them
  /// is told beside; `ListResources` gives every one.
  @inlinable public static var scopeIDCountMax: Int { 1_000 }
  /// Resources or principals of a page: the most, where more are asked for, and the usual.
  @inlinable public static var pageItemCountMax: Int { 1_000 }
  @inlinable public static var pageItemCountUsual: Int { 100 }
  /// How many are looked at for one page. Then the page ends, full or not, and its token goes on.
  @inlinable public static var pageScanCountMax: Int { 50_000 }

  /// Longest request message in bytes. A longer one is `RESOURCE_EXHAUSTED`.
  @inlinable public static var messageByteCountMax: Int { 4 << 20 }
  /// Memory that one request may take while it is decoded, in bytes. More is `RESOURCE_EXHAUSTED`.
  @inlinable public static var arenaByteCountMax: Int { 16 << 20 }
  /// What an arena keeps between requests, in bytes.
  @inlinable public static var arenaByteCountKept: Int { 64 << 10 }
}
