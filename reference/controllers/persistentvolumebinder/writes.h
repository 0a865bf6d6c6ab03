// What is written into claims and volumes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reference/controllers/persistentvolumebinder/decide.h"

namespace plumb::controllers::persistentvolumebinder {

// A phase that is there already is not written, and its event not recorded.
void set_phase(Plan& plan, const ClaimPtr& claim, std::string_view phase, const corev1::PersistentVolume* volume, std::optional<Event> event = {});
void set_phase(Plan& plan, const VolumePtr& volume, std::string_view phase, std::string_view message, const Now& now, std::optional<Event> event = {});
// Each names the other, and both say Bound: up to four writes, of which those already done are left out.
void bind(Plan& plan, const VolumePtr& volume, const ClaimPtr& claim, const Now& now);
// The volume is Available again: for anybody when the binder had chosen, else for the claim of that name.
void unbind(Plan& plan, const VolumePtr& volume, const Now& now);

}  // namespace plumb::controllers::persistentvolumebinder
