# Warnings every target is compiled with. They are errors where SLIPWAY_WERROR is set (CI), so that a
# newer compiler on a developer's machine never stops a build.
option(SLIPWAY_WERROR "treat warnings as errors" OFF)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
if(SLIPWAY_WERROR)
  add_compile_options(-Werror)
endif()
