#include "reference/api/types/storagev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"volumeattachments.storage.k8s.io",
                                      [] { return std::make_unique<Plain<storagev1::VolumeAttachment>>(Names{"volumeattachments", "volumeattachment", {}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
