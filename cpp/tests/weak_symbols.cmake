# A weak symbol in a file compiled for newer processors could be the one that the linker keeps
# for all (see isa.hpp). Called with NM, OBJECTS and FLAGS.
if(FLAGS MATCHES "-fsanitize")
  message("skipped: sanitisers, and functions that -O1 leaves whole, are weak symbols")
  return()
endif()
execute_process(COMMAND ${NM} ${OBJECTS} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]* [WVu] [^\n]*" weak "${symbols}")
if(weak)
  message(FATAL_ERROR "weak symbols: ${weak}")
endif()
