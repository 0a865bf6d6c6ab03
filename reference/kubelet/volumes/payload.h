// What volumes that follow from objects have in common: their files, written all at once.
#pragma once

#include "reference/kubelet/atomic_writer.h"
#include "reference/kubelet/volumes/plugin.h"

namespace plumb::kubelet {

class PayloadPlugin : public EphemeralVolumePlugin {
 public:
  Status set_up(const VolumeSpec& spec, const FieldContext& context, const std::string& path, VolumeTools& tools) const final;
  Status refresh(const VolumeSpec& spec, const FieldContext& context, const std::string& path, VolumeTools& tools) const final;
  bool read_only(const VolumeSpec&) const final { return true; }

 private:
  virtual Result<Payload> payload(const VolumeSpec& spec, const FieldContext& context, ReferencedObjects& objects) const = 0;
  // Secrets never reach a disk: what may hold them lies on a memory-backed mount of its own.
  virtual bool in_memory() const = 0;
};

inline constexpr int kDefaultFileMode = 0644;

// One source's files, for a volume of its own and for a projection alike. Errors are upstream's.
Status add_config_map(ReferencedObjects& objects, std::string_view namespace_, std::string_view name, const api::List<corev1::KeyToPath>& items,
                      bool optional, int mode, Payload& payload);
Status add_secret(ReferencedObjects& objects, std::string_view namespace_, std::string_view name, const api::List<corev1::KeyToPath>& items, bool optional,
                  int mode, Payload& payload);
Status add_downward(const FieldContext& context, const api::List<corev1::DownwardAPIVolumeFile>& items, int mode, Payload& payload);

}  // namespace plumb::kubelet
