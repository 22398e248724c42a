# Writes schema.c from schema/NNNN_*.sql: cmake -DOUT=file -DDIR=folder -P schema.cmake
file(GLOB files ${DIR}/*.sql)
list(SORT files)
set(text "#include \"engine/store/schema.h\"\n\nconst char *const hk_schema_sql[HK_SCHEMA_COUNT] = {\n")
foreach(file ${files})
    file(READ ${file} sql HEX)
    string(REGEX REPLACE "(..)" "\\\\x\\1" sql "${sql}")
    # Short literals, because a compiler need only take 4095 characters.
    set(eight "(\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..\\\\x..)")
    string(REGEX REPLACE "${eight}" "\\1\"\n    \"" sql "${sql}")
    string(APPEND text "    \"${sql}\",\n")
endforeach()
string(APPEND text "};\n")
file(WRITE ${OUT} "${text}")
