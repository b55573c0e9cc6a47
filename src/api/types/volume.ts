/** Wire types of the Engine API 1.51: volume. Field names and shapes follow the API definition. */

export interface Volume {
  Name?: string;
  Driver?: string;
  Mountpoint?: string;
  CreatedAt?: string;
  Status?: Record<string, Record<string, unknown>>;
  Labels?: Record<string, string>;
  Scope?: 'local' | 'global';
  ClusterVolume?: {
    ID?: string;
    Version?: {
      Index?: number;
    };
    CreatedAt?: string;
    UpdatedAt?: string;
    Spec?: {
      Group?: string;
      AccessMode?: {
        Scope?: 'single' | 'multi';
        Sharing?: 'none' | 'readonly' | 'onewriter' | 'all';
        MountVolume?: Record<string, unknown>;
        Secrets?: {
          Key?: string;
          Secret?: string;
        }[];
        AccessibilityRequirements?: {
          Requisite?: Record<string, string>[];
          Preferred?: Record<string, string>[];
        };
        CapacityRange?: {
          RequiredBytes?: number;
          LimitBytes?: number;
        };
        Availability?: 'active' | 'pause' | 'drain';
      };
    };
    Info?: {
      CapacityBytes?: number;
      VolumeContext?: Record<string, string>;
      VolumeID?: string;
      AccessibleTopology?: Record<string, string>[];
    };
    PublishStatus?: {
      NodeID?: string;
      State?: 'pending-publish' | 'published' | 'pending-node-unpublish' | 'pending-controller-unpublish';
      PublishContext?: Record<string, string>;
    }[];
  };
  Options?: Record<string, string> | null;
  UsageData?: {
    Size?: number;
    RefCount?: number;
  } | null;
}

export interface VolumeCreateOptions {
  Name?: string;
  Driver?: string;
  DriverOpts?: Record<string, string>;
  Labels?: Record<string, string>;
  ClusterVolumeSpec?: {
    Group?: string;
    AccessMode?: {
      Scope?: 'single' | 'multi';
      Sharing?: 'none' | 'readonly' | 'onewriter' | 'all';
      MountVolume?: Record<string, unknown>;
      Secrets?: {
        Key?: string;
        Secret?: string;
      }[];
      AccessibilityRequirements?: {
        Requisite?: Record<string, string>[];
        Preferred?: Record<string, string>[];
      };
      CapacityRange?: {
        RequiredBytes?: number;
        LimitBytes?: number;
      };
      Availability?: 'active' | 'pause' | 'drain';
    };
  };
}

export interface VolumeListResponse {
  Volumes?: Volume[];
  Warnings?: string[];
}
