// The subsets of Endpoints in their canonical form, as upstream packs them: each pair of an address and a port once, those addresses that
// have the same ports together, everything sorted.
#pragma once

#include "reference/api/types/corev1.h"

namespace plumb::controllers {

// An address that is both ready and not for one port counts as not ready.
api::List<corev1::EndpointSubset> repack(const api::List<corev1::EndpointSubset>& subsets);

}  // namespace plumb::controllers
