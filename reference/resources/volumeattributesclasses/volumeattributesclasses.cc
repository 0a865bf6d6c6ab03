#include "reference/api/types/storagev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"volumeattributesclasses.storage.k8s.io",
                                      [] { return std::make_unique<Plain<storagev1::VolumeAttributesClass>>(Names{"volumeattributesclasses", "volumeattributesclass", {"vac"}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
